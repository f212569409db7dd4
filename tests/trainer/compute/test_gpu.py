"""A GPU that is asked for or paid for and cannot be used ends the run at once, and says why."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.trainer.conftest import write_data
from trainer.compute import gpu
from trainer.errors import InputError

NO_CUDA = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")


@NO_CUDA
def test_cuda_where_there_is_none_ends_at_once_and_says_why(tmp_path: Path) -> None:
    flags = [*write_data(tmp_path), "--epochs=3", f"--model_out={tmp_path / 'out'}"]
    for cluster in ({}, {"CLUSTER_SPEC": '{"cluster": {"workerpool0": ["a:1"], "workerpool1":'}):
        result = subprocess.run(
            [sys.executable, "-m", "trainer", *flags, "--device=cuda"],
            env={"PATH": os.environ["PATH"], **cluster},
            capture_output=True,
            text=True,
        )
        assert result.returncode == 2  # a status for which Vertex AI does not try again
        assert "--device cuda must find a GPU that torch can use, got none: " in result.stderr
        assert gpu.why_no_cuda() in result.stderr
    assert not (tmp_path / "out" / "model.pt").exists()


@NO_CUDA
def test_a_gpu_that_a_job_on_vertex_pays_for_must_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu.check_device("auto")
    monkeypatch.setattr(gpu, "DEVICE_FILES", f"{tmp_path}/nvidia[0-9]*")
    (tmp_path / "nvidia0").touch()
    gpu.check_device("auto")  # on a machine of one's own it is one's own affair
    monkeypatch.setenv("CLUSTER_SPEC", "{}")
    with pytest.raises(InputError, match="the GPU that this job pays for, got: "):
        gpu.check_device("auto")
    gpu.check_device("cpu")


@NO_CUDA
def test_each_cause_is_told_from_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.version, "cuda", None)
    assert "is built without CUDA" in gpu.why_no_cuda()
    monkeypatch.setattr(torch.version, "cuda", "12.6")
    monkeypatch.setattr(gpu, "DEVICE_FILES", f"{tmp_path}/nvidia[0-9]*")
    assert "has no NVIDIA GPU" in gpu.why_no_cuda()
    (tmp_path / "nvidia0").touch()
    monkeypatch.setattr(gpu, "DRIVER", "libnone.so.1")
    assert "LD_LIBRARY_PATH must name its directory" in gpu.why_no_cuda()
    monkeypatch.setattr(gpu, "DRIVER", "libc.so.6" if sys.platform == "linux" else "libc.dylib")
    assert gpu.why_no_cuda()  # what torch says
