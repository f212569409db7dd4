"""Small components of each kind, for the pipelines that the tests compile and run."""

from typing import List, Optional  # noqa: UP035 - kfp reads these

from kfp import dsl
from kfp.dsl import Artifact, Dataset, Input, Metrics, Output, PipelineTaskFinalStatus

PYTHON = "python:3.11"


@dsl.component(base_image=PYTHON)
def double(number: int) -> int:
    return 2 * number


@dsl.component(base_image=PYTHON)
def add(numbers: List[int]) -> int:  # noqa: UP006
    return sum(numbers)


@dsl.component(base_image=PYTHON)
def say(text: str) -> str:
    print(text)
    return text


@dsl.component(base_image=PYTHON)
def described(number: int = 3, name: Optional[str] = None, rate: float = 0.5) -> str:  # noqa: UP045
    return f"{number!r} {name!r} {rate!r}"


@dsl.component(base_image=PYTHON)
def listed(size: int) -> List[int]:  # noqa: UP006
    return list(range(size))


@dsl.component(base_image=PYTHON)
def written(text: str, data: Output[Dataset]):  # type: ignore[no-untyped-def]
    with open(data.path, "w") as file:
        file.write(text)
    data.metadata["length"] = len(text)


@dsl.component(base_image=PYTHON)
def joined(parts: Input[List[Dataset]]) -> str:  # noqa: UP006
    texts = []
    for part in parts:
        with open(part.path) as file:
            texts.append(f"{file.read()}:{part.metadata['length']:g}")
    return " ".join(texts)


@dsl.component(base_image=PYTHON)
def content(data: Input[Artifact]) -> str:
    with open(data.path) as file:
        return f"{file.read()} {data.metadata}"


@dsl.component(base_image=PYTHON)
def measured(value: float, metrics: Output[Metrics]):  # type: ignore[no-untyped-def]
    metrics.log_metric("loss", value)


@dsl.component(base_image=PYTHON)
def break_down(why: str) -> str:
    print("about to break down")
    raise ValueError(why)


@dsl.component(base_image=PYTHON)
def end(path: str, status: PipelineTaskFinalStatus):  # type: ignore[no-untyped-def]
    with open(path, "w") as file:
        file.write(f"{status.state} {status.pipeline_task_name} {status.error_message}")


@dsl.container_component
def shell(  # type: ignore[no-untyped-def]
    text: str,
    said: dsl.OutputPath(str),  # type: ignore[valid-type]
    name: Optional[str] = None,  # noqa: UP045
):
    return dsl.ContainerSpec(
        image="alpine",
        command=["sh", "-c", 'mkdir -p "$(dirname "$0")"; printf "%s|" "$@" > "$0"'],
        args=[
            said,
            dsl.ConcatPlaceholder(["text=", text]),
            dsl.IfPresentPlaceholder("name", then=["--name", name], else_=["--nobody"]),
        ],
    )
