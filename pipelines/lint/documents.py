"""Rules on the file as a whole, and on features that only other KFP backends have."""

import re
from collections.abc import Iterator

from pipelines.lint.pipeline import Pipeline, strings
from pipelines.lint.rule import Location, rule


@rule(
    "second-document",
    why="The Vertex AI SDK loads files of one YAML document only, and fails on this one.",
    fix="Remove what adds it: kfp-kubernetes, PipelineConfig, or a workspace.",
)
def second_document(pipeline: Pipeline) -> Iterator[Location]:
    for number, document in enumerate(pipeline.further, start=2):
        if not isinstance(document, dict):
            yield f"document {number}", type(document).__name__
        elif platforms := ", ".join(map(str, document.get("platforms") or {})):
            cure = (
                f"Remove the settings for {platforms}, which Vertex AI does not apply, or use "
                "its equivalents, such as .set_memory_limit."
            )
            yield f"document {number}: platforms", platforms, cure
        else:
            yield f"document {number}", ", ".join(map(str, document))


@rule(
    "platform-spec",
    severity="warning",
    why="The settings are for another platform; Vertex AI does not apply them.",
    fix="Remove them, or use Vertex AI's equivalent, such as .set_memory_limit.",
)
def platform_spec(pipeline: Pipeline) -> Iterator[Location]:
    for name, component in pipeline.spec.get("components", {}).items():
        for setting in component.get("singlePlatformSpecs", []):
            yield f"components.{name}", f"settings for {setting.get('platform', 'a platform')}"


# Text in a spec that comes from a feature of the open-source backend only.
_FEATURES = {
    "a pipeline workspace": re.compile(r"\{\{\$\.workspace_path\}\}"),
    "an embedded artifact or notebook": re.compile(r"__KFP_EMBEDDED_ARCHIVE_B64 ="),
    "Artifact.custom_path": re.compile(r"\.custom_path\b"),
}


@rule(
    "undocumented-feature",
    severity="warning",
    why="kfp compiles it, but Vertex AI does not document it: it is ignored, or fails during the "
    "run.",
    fix="Remove it: https://cloud.google.com/vertex-ai/docs/pipelines/migrate-kfp lists what "
    "Vertex AI supports.",
)
def undocumented_feature(pipeline: Pipeline) -> Iterator[Location]:
    for label, executor in pipeline.executors.items():
        for place, text in strings(executor, f"deploymentSpec.executors.{label}"):
            for feature, sign in _FEATURES.items():
                if sign.search(text):
                    yield place, feature
        if executor.get("importer", {}).get("downloadToWorkspace"):
            yield f"deploymentSpec.executors.{label}.importer", "download_to_workspace"
    for name, component in pipeline.spec.get("components", {}).items():
        if component.get("taskConfigPassthroughs"):
            yield f"components.{name}", "task configuration passthroughs"
    for task in pipeline.tasks:
        if task.spec.get("cachingOptions", {}).get("cacheKey"):
            yield f"{task.path}: cachingOptions", "cache_key"
        for place, text in strings(dict(task.inputs), f"{task.path}: inputs"):
            if _FEATURES["a pipeline workspace"].search(text):
                yield place, "a pipeline workspace"
