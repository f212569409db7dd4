"""Whether torch can use a CUDA GPU here, and if not, why."""

import ctypes
import glob
import os

import torch

from trainer.errors import InputError

DEVICE_FILES = "/dev/nvidia[0-9]*"
DRIVER = "libcuda.so.1"
# Where Vertex AI mounts the driver; images that are not built on nvidia/cuda do not look there.
VERTEX_DRIVER_DIRECTORY = "/usr/local/nvidia/lib64"


def check_device(device: str) -> None:
    """Checks that the device can be had; `device` is auto, cpu or cuda.

    Raises:
        InputError: cuda is asked for, or the job's machine on Vertex AI has a GPU, which is paid
            for, and torch cannot use it.
    """
    if device == "cpu" or not (problem := why_no_cuda()):
        return
    if device == "cuda":
        raise InputError(f"--device cuda must find a GPU that torch can use, got none: {problem}")
    if "CLUSTER_SPEC" in os.environ and glob.glob(DEVICE_FILES):
        raise InputError(
            f"torch must be able to use the GPU that this job pays for, got: {problem}; "
            "--device cpu trains without it"
        )


def why_no_cuda() -> str:
    """Why torch can use no CUDA GPU here; empty if it can use one."""
    if torch.version.cuda is None:
        return f"torch {torch.__version__} is built without CUDA; use an image whose torch has it"
    if torch.cuda.is_available():
        return ""
    if not glob.glob(DEVICE_FILES):
        return "this machine has no NVIDIA GPU; ask for one with --accelerator"
    try:
        ctypes.CDLL(DRIVER)
    except OSError:
        return (
            f"the driver's {DRIVER} is not found; LD_LIBRARY_PATH must name its directory, on "
            f"Vertex AI {VERTEX_DRIVER_DIRECTORY}"
        )
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as error:
        return " ".join(str(error).split()).rstrip(".")
    return "the driver shows no GPU to this process; see CUDA_VISIBLE_DEVICES"
