"""A pipeline of each kind, compiled, run, and its outputs compared with what it must give."""

from pathlib import Path
from typing import List, NamedTuple, Optional  # noqa: UP035 - kfp reads these

import pytest
from kfp import dsl

from pipelines.local.records import local_log, local_record
from tests.pipelines.local.graph.components_to_run import (
    add,
    content,
    described,
    double,
    joined,
    listed,
    measured,
    say,
    shell,
    written,
)
from tests.pipelines.local.graph.conftest import RunPipeline


def test_values_pass_from_step_to_step(run: RunPipeline, tmp_path: Path) -> None:
    def chain(number: int = 5) -> int:
        return double(number=double(number=number).output).output  # type: ignore[no-any-return]

    assert run(chain).outputs == {"Output": 20}
    result = run(chain, number=7)
    assert result.outputs == {"Output": 28}
    record = local_record(tmp_path / "runs" / result.run_id)
    assert (record.state, [step.state for step in record.steps]) == ("SUCCEEDED", ["SUCCEEDED"] * 2)
    assert local_log(tmp_path / "runs" / result.run_id, "double")


class Described(NamedTuple):
    plain: str
    given: str


def test_inputs_that_are_not_given_have_their_defaults(run: RunPipeline) -> None:
    def optional(name: Optional[str] = None, rate: float = 2) -> Described:  # noqa: UP045
        plain, given = described(), described(number=4, name=name, rate=rate)
        return Described(plain=plain.output, given=given.output)

    assert run(optional).outputs == {"plain": "3 None 0.5", "given": "4 None 2.0"}
    assert run(optional, name="x", rate=1.5).outputs["given"] == "4 'x' 1.5"


@pytest.mark.parametrize(
    ("number", "expected"), [(10, "large"), (-10, "small"), (0, "none"), (3, "none")]
)
def test_one_branch_of_a_condition_runs(run: RunPipeline, number: int, expected: str) -> None:
    def branches(number: int) -> str:
        with dsl.If(number > 3):
            large = say(text="large")
        with dsl.Elif(number < 0):
            small = say(text="small")
        with dsl.Else():
            none = say(text="none")
        return say(text=dsl.OneOf(large.output, small.output, none.output)).output  # type: ignore[no-any-return]

    result = run(branches, number=number)
    assert result.outputs == {"Output": expected}
    assert len(result.seconds) == 2


def test_a_false_condition_skips_what_depends_on_it(run: RunPipeline, tmp_path: Path) -> None:
    def conditional(text: str):  # type: ignore[no-untyped-def]
        asked = say(text=text)
        with dsl.If(asked.output == "yes", name="if-yes"):
            say(text="answered")

    result = run(conditional, text="no")
    record = local_record(tmp_path / "runs" / result.run_id)
    assert [(each.name, each.state) for each in record.steps] == [
        ("say", "SUCCEEDED"),
        ("condition-1", "SKIPPED"),
    ]


class Looped(NamedTuple):
    doubled: List[int]  # noqa: UP006
    sum: int
    parts: str


def test_loops_collect_in_the_order_of_their_items(run: RunPipeline) -> None:
    def loops(items: List[int] = [3, 1, 2]) -> Looped:  # noqa: B006, UP006
        with dsl.ParallelFor(items, parallelism=2) as item:
            doubled = double(number=item)
        with dsl.ParallelFor(["a", "bc"]) as text:
            part = written(text=text)
        return Looped(
            doubled=dsl.Collected(doubled.output),
            sum=add(numbers=dsl.Collected(doubled.output)).output,
            parts=joined(parts=dsl.Collected(part.outputs["data"])).output,
        )

    assert run(loops).outputs == {"doubled": [6, 2, 4], "sum": 12, "parts": "a:1 bc:2"}
    assert run(loops, items=[5]).outputs["doubled"] == [10]
    assert run(loops, items=[]).outputs["sum"] == 0


def test_loops_inside_loops_see_the_items_around_them(run: RunPipeline, tmp_path: Path) -> None:
    def nested(pairs: List[dict] = [{"size": 2, "letter": "x"}]):  # type: ignore[no-untyped-def, type-arg]  # noqa: B006, UP006
        with dsl.ParallelFor(pairs) as pair:  # noqa: SIM117 - the item of one is in the other
            with dsl.ParallelFor(listed(size=pair.size).output) as number:
                with dsl.If(number == 1):
                    say(text=f"{pair.letter}-{number}")

    result = run(nested, pairs=[{"size": 2, "letter": "x"}, {"size": 3, "letter": "y"}])
    directory = tmp_path / "runs" / result.run_id
    said = {
        line
        for step in result.seconds
        if "say" in step
        for line in local_log(directory, step)
        if line in ("x-0", "x-1", "y-0", "y-1", "y-2")
    }
    assert said == {"x-1", "y-1"}


def test_an_importer_hands_on_a_file_that_is_there(run: RunPipeline, tmp_path: Path) -> None:
    def importing(path: str, year: str) -> str:
        imported = dsl.importer(
            artifact_uri=path, artifact_class=dsl.Dataset, metadata={"year": year}
        )
        return content(data=imported.output).output  # type: ignore[no-any-return]

    (tmp_path / "data.txt").write_text("here")
    outputs = run(importing, path=str(tmp_path / "data.txt"), year="1912").outputs
    assert outputs == {"Output": "here {'year': '1912'}"}


def test_a_pipeline_inside_a_pipeline(run: RunPipeline) -> None:
    @dsl.pipeline
    def inner(number: int = 4) -> int:
        return double(number=number).output  # type: ignore[no-any-return]

    def outer() -> int:
        return inner(number=inner().output).output  # type: ignore[no-any-return]

    assert run(outer).outputs == {"Output": 16}


def test_a_container_whose_program_is_here(run: RunPipeline) -> None:
    def containers(text: str, name: str) -> Described:
        return Described(
            plain=shell(text=text).outputs["said"],
            given=shell(text=text, name=name).outputs["said"],
        )

    assert run(containers, text='it\'s {{$}} "so"', name="n").outputs == {
        "plain": 'text=it\'s {{$}} "so"|--nobody|',
        "given": 'text=it\'s {{$}} "so"|--name|n|',
    }


def test_metrics_and_artifacts_of_the_pipeline_are_in_the_record(run: RunPipeline) -> None:
    def measuring(value: float) -> dsl.Metrics:
        return measured(value=value).outputs["metrics"]

    result = run(measuring, value=0.25)
    assert result.metrics == {"loss": 0.25}
    assert Path(result.artifacts["Output"]).parent.is_dir()


def test_settings_of_a_task_reach_its_process(run: RunPipeline) -> None:
    @dsl.component(base_image="python:3.11")
    def setting() -> str:
        import os

        return os.environ["GREETING"]

    def with_setting() -> str:
        return setting().set_env_variable("GREETING", "a b=c").output  # type: ignore[no-any-return]

    assert run(with_setting).outputs == {"Output": "a b=c"}
