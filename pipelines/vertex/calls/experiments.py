"""Calls of Vertex ML Metadata: an experiment lists runs."""

import contextlib
import time
from typing import Any

from google.api_core import exceptions
from google.cloud import aiplatform_v1 as api
from google.protobuf import json_format

from pipelines.vertex.calls.connection import CALL
from pipelines.vertex.calls.runs import RunCalls
from pipelines.vertex.errors import translate_errors
from pipelines.vertex.submission import EXPERIMENT_SCHEMA
from trainer.errors import InputError, TabularError

CONTEXT_SECONDS = 300.0  # maximum wait for a run's context in ML Metadata


class ExperimentCalls(RunCalls):
    """Experiments, to which runs are added."""

    def __init__(self, project: str, region: str) -> None:
        super().__init__(project, region)
        self._metadata: api.MetadataServiceClient = self.gapic(api.MetadataServiceClient)

    def create_experiment(self, request: dict[str, Any], kms_key: str = "") -> None:
        """Creates an experiment unless one of that name exists.

        The calls are those of `aiplatform.Experiment.get_or_create`.

        Args:
            request: a CreateContextRequest as JSON.
            kms_key: encrypts the region's metadata store, if this creates the store.

        Raises:
            InputError: something else has that name.
        """
        message = api.CreateContextRequest()
        json_format.ParseDict(request, api.CreateContextRequest.pb(message))
        name = message.context_id
        with translate_errors(f"create the experiment {name}"):
            try:
                found = self._context(name)
            except exceptions.NotFound:
                self._ensure_metadata_store(message.parent, kms_key)
                try:
                    found = self._metadata.create_context(message, **CALL)
                except exceptions.AlreadyExists:
                    found = self._context(name)
        if found.schema_title != EXPERIMENT_SCHEMA:
            raise InputError(
                f"--experiment must name an experiment, got {name}, which is a "
                f"{found.schema_title} of this region; use another name"
            )

    def add_to_experiment(self, run_id: str, experiment: str) -> None:
        """Adds a run to an experiment; adding it again does nothing.

        Raises:
            TabularError: Vertex AI has created no context for the run.
        """
        with translate_errors(f"add {run_id} to the experiment {experiment}"):
            child = self._run_context(run_id)
            self._metadata.add_context_children(
                context=self._context_name(experiment), child_contexts=[child], **CALL
            )

    def _run_context(self, run_id: str) -> str:
        """The run's context, which Vertex AI creates some time after the run."""
        deadline = time.monotonic() + CONTEXT_SECONDS
        pause = 0.25
        while True:
            job = self._pipelines.get_pipeline_job(name=self._name(run_id), **CALL)
            name: str = job.job_detail.pipeline_run_context.name
            if name:
                return name
            state = self._record(job).state
            if state not in ("PENDING", "RUNNING") or time.monotonic() > deadline:
                raise TabularError(
                    f"a run must have a context to be in an experiment, got {run_id}, which is "
                    f"{state} and has none"
                )
            time.sleep(pause)
            pause = min(2 * pause, 5.0)

    def _context(self, name: str) -> api.Context:
        return self._metadata.get_context(name=self._context_name(name), **CALL)

    def _context_name(self, name: str) -> str:
        return f"{self.parent}/metadataStores/default/contexts/{name}"

    def _ensure_metadata_store(self, name: str, kms_key: str) -> None:
        """Creates the region's metadata store; its first pipeline or experiment finds none."""
        try:
            self._metadata.get_metadata_store(name=name, **CALL)
            return
        except exceptions.NotFound:
            pass
        store = api.MetadataStore()
        if kms_key:
            store.encryption_spec = api.EncryptionSpec(kms_key_name=kms_key)
        with contextlib.suppress(exceptions.AlreadyExists):
            parent, _, store_id = name.rpartition("/metadataStores/")
            operation: Any = self._metadata.create_metadata_store(
                parent=parent, metadata_store=store, metadata_store_id=store_id, **CALL
            )
            operation.result(timeout=60)
