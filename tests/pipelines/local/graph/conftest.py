"""Compiles a pipeline and runs it, as `tabpipe run FILE.yaml` does."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kfp import compiler, dsl

from pipelines.cli.run_file import run_pipeline_file
from vertex_tabular.run.record import Run

Compiled = Callable[[Callable[..., Any]], Path]
RunPipeline = Callable[..., Run]


@pytest.fixture
def compiled(tmp_path: Path) -> Compiled:
    """The file of a pipeline that is written as a function."""

    def compile_it(function: Callable[..., Any]) -> Path:
        path = tmp_path / f"{function.__name__}.yaml"
        compiler.Compiler().compile(dsl.pipeline(function), str(path))
        return path

    return compile_it


@pytest.fixture
def run(tmp_path: Path, compiled: Compiled) -> RunPipeline:
    """Runs a pipeline with the values of some of its parameters."""

    def run_it(function: Callable[..., Any], **values: Any) -> Run:
        sets = [
            f"{name}={value if isinstance(value, str) else json.dumps(value)}"
            for name, value in values.items()
        ]
        return run_pipeline_file(compiled(function), sets, tmp_path / "runs")

    return run_it
