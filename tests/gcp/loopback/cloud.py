"""A Google Cloud on 127.0.0.1 for Google's own, unmodified clients.

    python -m tests.gcp.loopback.cloud

prints what to export, and serves until Ctrl-C. Environment variables alone direct a client to it:
https_proxy, the authority of its certificate, a key file, the storage emulator.
"""

import contextlib
import datetime
import os
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc

from tests.gcp.loopback import certificate, credentials, names
from tests.gcp.loopback.administration import server as administration
from tests.gcp.loopback.administration.project import Administration
from tests.gcp.loopback.administration.rest import Rest
from tests.gcp.loopback.clock import Clock
from tests.gcp.loopback.machines import Machines
from tests.gcp.loopback.proxy import Proxy
from tests.gcp.loopback.rpc import Switchboard
from tests.gcp.loopback.services import (
    builds,
    jobs,
    logs,
    metadata,
    pipelines,
    projects,
    schedules,
)
from tests.gcp.loopback.storage import Emulator, Mount

BUCKET = "loopback-bucket"
GRPC_HOSTS = ("aiplatform.googleapis.com", "cloudresourcemanager.googleapis.com")
THREADS = 64  # a GetCustomJob that waits for its job keeps one


class Cloud:
    """The services, and what a test asks of them.

    Attributes:
        environ: environment of a process that is to use this cloud.
        administration: how its project is set up, which is complete at the start.
        emulator: Cloud Storage itself.
        clock: its time; `fire_until` moves it through the schedules' firings.
        storage: its buckets, one of which, BUCKET, is there from the start.
        pipelines, jobs, schedules, metadata, builds: its services, with all that was created.
        user: the same with the credentials of a user in place of a service account's.
        storage_calls: method and path of every request to Cloud Storage.
        quota_projects: the projects whose quota requests to Cloud Storage count against.
    """

    def __init__(self, directory: Path, stack: contextlib.ExitStack, executes: bool) -> None:
        identity = certificate.issue(directory)
        self.board = Switchboard()
        self.clock = Clock()
        server = grpc.server(ThreadPoolExecutor(THREADS))
        port = server.add_secure_port("127.0.0.1:0", identity.server)
        lines: logs.Logs = {}
        logging = _served(logs.server(lines, identity.context), stack)
        routes = {host: ("127.0.0.1", port) for host in GRPC_HOSTS}
        routes["logging.googleapis.com"] = ("127.0.0.1", logging.server_port)
        user_tokens = _served(credentials.token_server(identity.context), stack)
        routes["oauth2.googleapis.com"] = ("127.0.0.1", user_tokens.server_port)
        proxy = _served(Proxy(routes), stack)
        self.board.cut = proxy.cut
        self.administration = Administration(BUCKET)
        rest = Rest(self.administration)
        administering = _served(administration.server(rest, identity.context), stack)
        for host in administration.HOSTS:
            routes[host] = ("127.0.0.1", administering.server_port)
        proxy.web[administration.ALSO_GRPC] = ("127.0.0.1", administering.server_port)
        tokens = _served(credentials.token_server(), stack)
        self.emulator = emulator = _served(Emulator(names.PROJECT_NUMBER, rest), stack)
        self.storage_calls = emulator.calls
        self.quota_projects = emulator.quota_projects
        for name in ("buckets", "machines", "builds"):
            (directory / name).mkdir()
        self.storage = Mount(emulator.url, directory / "buckets", names.PROJECT)
        self.storage.create_bucket(BUCKET)
        emulator.locate(BUCKET, names.REGION.upper())
        self.builds = builds.BuildService(self.storage, lines, directory / "builds")
        building = _served(builds.server(self.builds, identity.context), stack)
        routes["cloudbuild.googleapis.com"] = ("127.0.0.1", building.server_port)
        account = directory / "service_account.json"
        token_uri = f"http://127.0.0.1:{tokens.server_port}/token"
        credentials.write_service_account(account, names.PROJECT, token_uri)
        user = directory / "application_default_credentials.json"
        credentials.write_user(user)
        self.environ = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "GOOGLE_APPLICATION_CREDENTIALS": str(account),
            "GOOGLE_CLOUD_PROJECT": names.PROJECT,
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(identity.authority),
            "REQUESTS_CA_BUNDLE": str(identity.authority),
            "STORAGE_EMULATOR_HOST": emulator.url,
            "https_proxy": f"http://127.0.0.1:{proxy.server_address[1]}",
            "no_proxy": "127.0.0.1,localhost",
            "NO_GCE_CHECK": "true",
            "TABPIPE_GCS": str(self.storage.directory),
        }
        self.user = {**self.environ, "GOOGLE_APPLICATION_CREDENTIALS": str(user)}
        machines = Machines(directory / "machines", self.environ, lines, at_once=2)
        self.jobs = jobs.JobService(self.clock, machines, self.storage)
        self.metadata = metadata.MetadataService(self.clock)
        self.pipelines = pipelines.PipelineService(
            self.clock, machines, self.storage, self.jobs, self.metadata, executes
        )
        self.schedules = schedules.ScheduleService(self.clock, self.pipelines)
        services = {
            pipelines.SERVICE: self.pipelines.methods(),
            schedules.SERVICE: self.schedules.methods(),
            jobs.SERVICE: self.jobs.methods(),
            metadata.SERVICE: self.metadata.methods(),
            projects.SERVICE: projects.methods(),
        }
        server.add_generic_rpc_handlers(
            tuple(self.board.handler(name, methods) for name, methods in services.items())
        )
        server.start()
        stack.callback(lambda: server.stop(None).wait())
        stack.callback(machines.close)

    def calls(self, method: str) -> list[Any]:
        """The requests of one method, in order of arrival."""
        return [call.request for call in self.board.calls if call.method == method]

    def forget(self) -> None:
        """Drops every job, schedule, call and fault; the buckets keep what they hold."""
        self.clock.reset()
        self.administration.complete()
        for kept in (
            self.board.calls,
            self.board.faults,
            self.pipelines.jobs,
            self.jobs.jobs,
            self.builds.builds,
            self.schedules.schedules,
            self.metadata.stores,
            self.metadata.contexts,
            self.metadata.executions,
            self.metadata.artifacts,
        ):
            kept.clear()

    def fire_until(self, now: datetime.datetime) -> None:
        """Lets time pass."""
        self.schedules.fire_until(now)


@contextlib.contextmanager
def running(executes: bool = True) -> Iterator[Cloud]:
    """A cloud for the length of a `with` block; with `executes` false its jobs stay pending."""
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        yield Cloud(Path(directory), stack, executes)


def _served(server: Any, stack: contextlib.ExitStack) -> Any:
    """`server` in a thread of its own, until the stack unwinds."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    stack.callback(stop)
    return server


if __name__ == "__main__":
    with running() as cloud, contextlib.suppress(KeyboardInterrupt):
        for name, value in cloud.environ.items():
            if name not in ("PATH", "HOME"):
                print(f"export {name}={value}")
        print(f"# bucket gs://{BUCKET}, region {names.REGION}; Ctrl-C ends it", flush=True)
        threading.Event().wait()
