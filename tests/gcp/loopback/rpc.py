"""gRPC services from plain Python methods: each call is recorded, and faults are injected here."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import grpc

from tests.gcp.loopback import credentials

Methods = dict[str, tuple[type, Callable[[Any], Any]]]  # name → class of the request, the method


class Refused(Exception):
    """The service's "no": a gRPC status and its text."""

    def __init__(self, code: grpc.StatusCode, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Call:
    """A request as it arrived.

    Attributes:
        method: name of the method, for example CreatePipelineJob.
        request: the message.
        quota_project: whose quota it counts against, as the caller says.
    """

    method: str
    request: Any
    quota_project: str


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one call.

    Attributes:
        method: the method that it befalls.
        code: status of the answer; None cuts the connection instead.
        text: the status's message.
        executed: whether the request is carried out before its answer is lost.
        skip: how many calls of the method go well before.
        act: what happens at that moment, in place of a damaged answer.
    """

    method: str
    code: grpc.StatusCode | None
    text: str = "injected"
    executed: bool = False
    skip: int = 0
    act: Callable[[], object] | None = None


@dataclass
class Switchboard:
    """What all services share: the record of calls and the faults that wait for theirs.

    Attributes:
        cut: ends every connection.
        calls: every call, in order of arrival.
        faults: each is used up by the first call of its method.
    """

    cut: Callable[[], None] = lambda: None
    calls: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _under_way: int = 0
    _ended: threading.Condition = field(default_factory=threading.Condition)

    def settle(self, timeout: float) -> None:
        """Waits until every call has been carried out, also that of a client which has died.

        Raises:
            TimeoutError: one takes longer than `timeout` seconds.
        """
        with self._ended:
            if not self._ended.wait_for(lambda: not self._under_way, timeout):
                raise TimeoutError(f"{self._under_way} calls are still under way")

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._ended:
            self._under_way += 1
        try:
            yield
        finally:
            with self._ended:
                self._under_way -= 1
                self._ended.notify_all()

    def handler(self, service: str, methods: Methods) -> grpc.GenericRpcHandler:
        """The methods of a service, ready for `server.add_generic_rpc_handlers`."""
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(
                self._answered(name, method),
                request_deserializer=_reader(request),
                response_serializer=_serialized,
            )
            for name, (request, method) in methods.items()
        }
        return grpc.method_handlers_generic_handler(service, handlers)

    def _answered(
        self, name: str, method: Callable[[Any], Any]
    ) -> Callable[[Any, grpc.ServicerContext], Any]:
        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            headers = {key: str(value) for key, value in context.invocation_metadata()}
            fault = self._arrived(name, request, headers)
            if credentials.lacks_quota_project(headers):
                context.abort(grpc.StatusCode.PERMISSION_DENIED, credentials.NO_QUOTA_PROJECT)
            if fault and not fault.executed:
                self._strike(fault, context)
            try:
                response = method(request)
            except Refused as refusal:
                context.abort(refusal.code, str(refusal))
            if fault and fault.executed:
                self._strike(fault, context)
            return response

        def counted(request: Any, context: grpc.ServicerContext) -> Any:
            with self._counted():
                return answer(request, context)

        return counted

    def _arrived(self, name: str, request: Any, headers: dict[str, str]) -> Fault | None:
        with self._lock:
            self.calls.append(Call(name, request, headers.get(credentials.QUOTA_PROJECT, "")))
            for index, fault in enumerate(self.faults):
                if fault.method == name and fault.skip:
                    self.faults[index] = replace(fault, skip=fault.skip - 1)
                elif fault.method == name:
                    return self.faults.pop(index)
        return None

    def _strike(self, fault: Fault, context: grpc.ServicerContext) -> None:
        if fault.act:
            fault.act()
        elif fault.code is None:
            self.cut()
            context.abort(grpc.StatusCode.UNAVAILABLE, "never arrives: the connection is cut")
        else:
            context.abort(fault.code, fault.text)


def _reader(message: Any) -> Callable[[bytes], Any]:
    """How bytes become a message, for proto-plus and for plain protobuf classes."""
    read: Callable[[bytes], Any] = getattr(message, "deserialize", None) or message.FromString
    return read


def _serialized(message: Any) -> bytes:
    kind = type(message)
    data: bytes = (
        kind.serialize(message) if hasattr(kind, "serialize") else message.SerializeToString()
    )
    return data
