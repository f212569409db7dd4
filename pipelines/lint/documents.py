"""Rules on the file as a whole, and on what only other runners of KFP pipelines understand."""

import re
from collections.abc import Iterator

from pipelines.lint.pipeline import Pipeline, strings
from pipelines.lint.rule import Location, rule


@rule(
    "second-document",
    why="The Vertex AI SDK's loader reads files of one YAML document only, and fails on this one.",
    fix="Drop what adds it: kfp-kubernetes, PipelineConfig, or a workspace.",
)
def second_document(pipeline: Pipeline) -> Iterator[Location]:
    for number, document in enumerate(pipeline.further, start=2):
        keys = ", ".join(document) if isinstance(document, dict) else type(document).__name__
        yield f"document {number}", keys


@rule(
    "platform-spec",
    why="The settings are for another platform; Vertex AI does not apply them.",
    fix="Drop them, or use what Vertex AI has for it, such as .set_memory_limit.",
)
def platform_spec(pipeline: Pipeline) -> Iterator[Location]:
    for number, document in enumerate(pipeline.further, start=2):
        if isinstance(document, dict):
            for platform in document.get("platforms") or {}:
                yield f"document {number}: platforms.{platform}", f"settings for {platform}"
    for name, component in pipeline.spec.get("components", {}).items():
        for setting in component.get("singlePlatformSpecs", []):
            yield f"components.{name}", f"settings for {setting.get('platform', 'a platform')}"


# Text in a spec that only a feature of the open-source backend leaves there.
_FEATURES = {
    "a pipeline workspace": re.compile(r"\{\{\$\.workspace_path\}\}"),
    "an embedded artifact or notebook": re.compile(r"__KFP_EMBEDDED_ARCHIVE_B64 ="),
    "Artifact.custom_path": re.compile(r"\.custom_path\b"),
}


@rule(
    "undocumented-feature",
    why="kfp compiles it, and Vertex AI's documentation does not know it: it is ignored, or fails "
    "during the run.",
    fix="Do without: https://cloud.google.com/vertex-ai/docs/pipelines/migrate-kfp lists what "
    "Vertex AI has.",
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
    for step in pipeline.steps:
        if step.task.get("cachingOptions", {}).get("cacheKey"):
            yield f"{step.path}: cachingOptions", "cache_key"
        for place, text in strings(dict(step.inputs), f"{step.path}: inputs"):
            if _FEATURES["a pipeline workspace"].search(text):
                yield place, "a pipeline workspace"
