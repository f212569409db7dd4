"""The rule on Google's prebuilt images, which are taken away some time after they are published."""

import datetime
import re
from collections.abc import Iterator

from pipelines.lint.payloads.template import worker_pools
from pipelines.lint.pipeline import Pipeline, strings
from pipelines.lint.rule import Location, rule
from pipelines.prices.tables import read_table

_PREBUILT = re.compile(
    r"(?:(?:us|europe|asia)-docker\.pkg\.dev/vertex-ai|gcr\.io/cloud-aiplatform)/"
    r"(training|prediction)/([a-z]+)\d*-\w+\.(\d+)-(\d+)[^/]*"
)


@rule(
    "image-availability",
    severity="warning",
    why="Google's prebuilt image is past its end of availability: after that date it cannot be "
    "counted on to be downloaded (pipelines/prices/prebuilt_images.toml).",
    fix="Build an image of your own, which stays, and give it as container_spec.",
)
def image_availability(pipeline: Pipeline) -> Iterator[Location]:
    today = datetime.date.today()
    for place, image in _images(pipeline):
        end = end_of_availability(image)
        if end is not None and end < today:
            yield place, f"{image} was available until {end}"


def end_of_availability(image: str) -> datetime.date | None:
    """The last day on which Google promises a prebuilt image; None if that is not known."""
    match = _PREBUILT.fullmatch(image)
    if not match:
        return None
    purpose, framework, *version = match.groups()
    ends = read_table("prebuilt_images.toml").get(purpose, {}).get(framework, {})
    wanted = tuple(map(int, version))
    # A version ends no later than those after it.
    for listed, end in sorted(ends.items(), key=lambda item: _version(item[0])):
        if wanted <= _version(listed):
            date: datetime.date = end
            return date
    return None


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def _images(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    """Of what runs, and of what serves a model that is imported."""
    yield from container_images(pipeline)
    for label, executor in pipeline.executors.items():
        metadata = executor.get("importer", {}).get("metadata", {})
        yield from strings(metadata, f"deploymentSpec.executors.{label}.metadata")


def container_images(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    """The image of each step and of each pool of a job's machines, with its place."""
    for label, executor in pipeline.executors.items():
        image = executor.get("container", {}).get("image", "")
        yield f"deploymentSpec.executors.{label}.container.image", image
    for task in pipeline.tasks:
        for pool in worker_pools(task):
            yield f"{pool.place}: image", pool.image
