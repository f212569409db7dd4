"""MetadataService: experiments, and what Vertex AI notes of each pipeline run by itself."""

import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc
from google.cloud import aiplatform_v1 as vertex
from google.longrunning import operations_pb2
from google.protobuf import any_pb2, json_format

from tests.gcp.loopback import checks, names
from tests.gcp.loopback.checks import Error
from tests.gcp.loopback.clock import Clock
from tests.gcp.loopback.rpc import Methods, Refused

SERVICE = "google.cloud.aiplatform.v1.MetadataService"
STORE = re.compile(r"(?P<parent>projects/[^/]+/locations/[^/]+)/metadataStores/(?P<store>[^/]+)$")
CONTEXT = re.compile(STORE.pattern[:-1] + r"/contexts/(?P<context>[^/]+)$")
CONTEXT_ID = re.compile(r"[a-z0-9-]{4,128}")
SCHEMAS = ("Experiment", "ExperimentRun", "Pipeline", "PipelineRun")
MAX_PARENTS = 10
TERM = re.compile(
    r'schema_title="(?P<schema>[^"]*)"|parent_contexts:"(?P<parent>[^"]*)"'
    r'|in_context\("(?P<context>[^"]*)"\)'
)
Node = vertex.Context | vertex.Execution | vertex.Artifact


class MetadataService:
    """ML Metadata: one namespace for the contexts of each store.

    Attributes:
        stores: the metadata stores by name.
        contexts: every context by name.
        executions, artifacts: what the runs left, by the name of the context that it is in.
    """

    def __init__(self, clock: Clock) -> None:
        self.stores: dict[str, vertex.MetadataStore] = {}
        self.contexts: dict[str, vertex.Context] = {}
        self.executions: dict[str, list[vertex.Execution]] = {}
        self.artifacts: dict[str, list[vertex.Artifact]] = {}
        self._clock = clock
        self._lock = threading.Lock()

    def methods(self) -> Methods:
        return {
            "CreateMetadataStore": (vertex.CreateMetadataStoreRequest, self.create_store),
            "GetMetadataStore": (vertex.GetMetadataStoreRequest, self.get_store),
            "CreateContext": (vertex.CreateContextRequest, self.create),
            "GetContext": (vertex.GetContextRequest, self.get),
            "ListContexts": (vertex.ListContextsRequest, self.list),
            "AddContextChildren": (vertex.AddContextChildrenRequest, self.add_children),
            "ListExecutions": (vertex.ListExecutionsRequest, self.list_executions),
            "ListArtifacts": (vertex.ListArtifactsRequest, self.list_artifacts),
        }

    def create_store(self, request: vertex.CreateMetadataStoreRequest) -> operations_pb2.Operation:
        parent = names.parent(request.parent, "aiplatform.metadataStores.create")
        if request.metadata_store_id != "default":
            raise Refused(grpc.StatusCode.INVALID_ARGUMENT, "The store's id must be default.")
        store = vertex.MetadataStore(request.metadata_store)
        store.name = parent.child("metadataStores", request.metadata_store_id)
        with self._lock:
            _refuse_existing("MetadataStore", store.name, self.stores)
            self.stores[store.name] = store
        done = any_pb2.Any()
        done.Pack(vertex.MetadataStore.pb(store))
        return operations_pb2.Operation(name=f"{store.name}/operations/1", done=True, response=done)

    def get_store(self, request: vertex.GetMetadataStoreRequest) -> vertex.MetadataStore:
        return self._store(request.name, "aiplatform.metadataStores.get")

    def create(self, request: vertex.CreateContextRequest) -> vertex.Context:
        checks.refuse(_wrong(request))
        store = self._store(request.parent, "aiplatform.contexts.create")
        context = vertex.Context(request.context)
        context.name = f"{store.name}/contexts/{request.context_id}"
        with self._lock:
            _refuse_existing("Context", context.name, self.contexts)
            self._keep(context)
        return context

    def get(self, request: vertex.GetContextRequest) -> vertex.Context:
        return self._named(request.name, "aiplatform.contexts.get")

    def list(self, request: vertex.ListContextsRequest) -> vertex.ListContextsResponse:
        self._store(request.parent, "aiplatform.contexts.list")
        meets = _condition(
            request.filter, lambda context, parent: parent in context.parent_contexts
        )
        return vertex.ListContextsResponse(contexts=[*filter(meets, self.contexts.values())])

    def add_children(
        self, request: vertex.AddContextChildrenRequest
    ) -> vertex.AddContextChildrenResponse:
        permission = "aiplatform.contexts.addContextChildren"
        parent = self._named(request.context, permission)
        children = [self._named(child, permission) for child in request.child_contexts]
        for child in children:
            if parent.name in child.parent_contexts:  # it is simply skipped
                continue
            if child.name == parent.name or len(child.parent_contexts) == MAX_PARENTS:
                raise Refused(
                    grpc.StatusCode.INVALID_ARGUMENT, f"{child.name} can not be added as a child."
                )
            child.parent_contexts.append(parent.name)
        return vertex.AddContextChildrenResponse()

    def list_executions(
        self, request: vertex.ListExecutionsRequest
    ) -> vertex.ListExecutionsResponse:
        self._store(request.parent, "aiplatform.executions.list")
        return vertex.ListExecutionsResponse(
            executions=self._in_contexts(request.filter, self.executions)
        )

    def list_artifacts(self, request: vertex.ListArtifactsRequest) -> vertex.ListArtifactsResponse:
        self._store(request.parent, "aiplatform.artifacts.list")
        return vertex.ListArtifactsResponse(
            artifacts=self._in_contexts(request.filter, self.artifacts)
        )

    def record(self, job: vertex.PipelineJob) -> None:
        """Notes a run as Vertex AI does: contexts of its pipeline and itself, and what is in them.

        Args:
            job: gets the contexts into its details.
        """
        parent, _, job_id = job.name.partition("/pipelineJobs/")
        store = f"{parent}/metadataStores/default"
        spec = vertex.PipelineJob.to_dict(job)["pipeline_spec"]
        with self._lock:
            self.stores.setdefault(store, vertex.MetadataStore(name=store))
            pipeline = self._noted(store, spec["pipelineInfo"]["name"], "system.Pipeline")
            run = self._noted(store, job_id, "system.PipelineRun")
            if pipeline.name not in run.parent_contexts:
                run.parent_contexts.append(pipeline.name)
        config = json_format.MessageToDict(vertex.PipelineJob.RuntimeConfig.pb(job.runtime_config))
        values = config.get("parameterValues", {})
        state = job.state.name.removeprefix("PIPELINE_STATE_")
        execution = vertex.Execution(
            display_name=job_id,
            schema_title="system.Run",
            state={"SUCCEEDED": "COMPLETE", "PENDING": "NEW"}.get(state, state),
            metadata={f"input:{name}": value for name, value in values.items()},
        )
        self.executions[run.name] = [execution]
        self.artifacts[run.name] = [
            artifact
            for task in job.job_detail.task_details
            for artifacts in task.outputs.values()
            for artifact in artifacts.artifacts
        ]
        job.job_detail.pipeline_context = pipeline
        job.job_detail.pipeline_run_context = run

    def _noted(self, store: str, context_id: str, schema: str) -> vertex.Context:
        name = f"{store}/contexts/{context_id}"
        if name not in self.contexts:
            self._keep(vertex.Context(name=name, display_name=context_id, schema_title=schema))
        return self.contexts[name]

    def _keep(self, context: vertex.Context) -> None:
        context.create_time = self._clock.now()
        self.contexts[context.name] = context

    def _store(self, name: str, permission: str) -> vertex.MetadataStore:
        match = _matched(STORE, name)
        names.parent(match["parent"], permission)
        return _found("MetadataStore", name, self.stores)

    def _named(self, name: str, permission: str) -> vertex.Context:
        match = _matched(CONTEXT, name)
        names.parent(match["parent"], permission)
        return _found("Context", name, self.contexts)

    def _in_contexts(self, text: str, kept: "dict[str, list[Any]]") -> "list[Any]":
        found = []
        for name, nodes in kept.items():
            meets = _condition(text, lambda _, context, name=name: context == name)
            found += filter(meets, nodes)
        return found


def _wrong(request: vertex.CreateContextRequest) -> Iterator[Error]:
    """What is wrong with a context to be created."""
    if not CONTEXT_ID.fullmatch(request.context_id):
        yield "context_id", f"must match {CONTEXT_ID.pattern}, got {request.context_id!r}"
    context = request.context
    if context.name or context.parent_contexts:
        yield "context", "name and parent_contexts are output only"
    if context.schema_title not in [f"system.{name}" for name in SCHEMAS]:
        yield "context.schema_title", f"Schema {context.schema_title!r} does not exist."
    if context.schema_version != "0.0.1":
        yield "context.schema_version", f"Version {context.schema_version!r} does not exist."
    if len(context.display_name) > 128:
        yield "context.display_name", "must have at most 128 characters"
    yield from checks.labels("context.labels", context.labels)


def _condition(text: str, related: Callable[[Any, str], bool]) -> Callable[[Any], bool]:
    """The filters that the SDK writes; another is refused, as the real service does.

    Args:
        text: terms joined by AND, of which one may be alternatives joined by OR.
        related: whether a node belongs to the context of that name.
    """
    alternatives = []
    for part in text.split(" AND ") if text else []:
        terms = [TERM.fullmatch(term) for term in part.strip("()").split(" OR ")]
        if part.startswith("in_context"):
            terms = [TERM.fullmatch(part)]
        if None in terms:
            raise Refused(grpc.StatusCode.INVALID_ARGUMENT, f"Invalid filter: {text}")
        alternatives.append([term for term in terms if term])

    def holds(term: "re.Match[str]", node: Node) -> bool:
        if term["schema"] is not None:
            return bool(node.schema_title == term["schema"])
        return related(node, term["parent"] or term["context"])

    return lambda node: all(any(holds(term, node) for term in terms) for terms in alternatives)


def _matched(pattern: "re.Pattern[str]", name: str) -> "re.Match[str]":
    match = pattern.match(name)
    if not match:
        raise Refused(grpc.StatusCode.INVALID_ARGUMENT, f"Invalid resource field value: {name}.")
    return match


def _found(kind: str, name: str, kept: dict[str, Any]) -> Any:
    found = kept.get(names.canonical(name))
    if found is None:
        raise Refused(grpc.StatusCode.NOT_FOUND, f"The {kind} {name} does not exist.")
    return found


def _refuse_existing(kind: str, name: str, kept: dict[str, Any]) -> None:
    if name in kept:
        raise Refused(
            grpc.StatusCode.ALREADY_EXISTS, f"{kind} with resource name {name} already exists."
        )
