"""What is known of a run beside its own files: its name, its inputs and its steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Step:
    """One step of the pipeline.

    Attributes:
        name: of the step.
        after: names of the steps whose outputs it takes.
        seconds: how long it took; None when that is not known.
        cached: whether its results came from the cache.
    """

    name: str
    after: Sequence[str] = ()
    seconds: float | None = None
    cached: bool = False


@dataclass(frozen=True)
class Job:
    """What a report shows beside the run's own results; all of it is optional.

    Attributes:
        name: of the run; heads the report.
        source: the table it started from, a path or URI.
        fingerprints: what identifies the data and the code, by name.
        parameters: the pipeline's arguments, by name.
        versions: of further packages, by name.
        steps: of the pipeline, with their times; drawn as a graph.
        links: to the pages beside the report, by what they are called.
    """

    name: str = ""
    source: str = ""
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, object] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    steps: Sequence[Step] = ()
    links: Mapping[str, str] = field(default_factory=dict)
