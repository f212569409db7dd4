"""Names of the quotas of GPUs for training.

The quota's id is that of Google's own samples (vertex-ai-samples, common_util.py); the metric is
that of the error which Vertex AI answers: vertex-ai-samples#700, stable-diffusion-on-gcp#12.
"""

from pipelines.vertex.doctor.wants import Wants

# Of the accelerators whose quota has not simply their name in lower case.
_NAMES = {
    "NVIDIA_H100_80GB": "h100",
    "NVIDIA_H100_MEGA_80GB": "h100_mega",
    "NVIDIA_H200_141GB": "h200",
}


def _name(accelerator: str) -> str:
    plain = accelerator.removeprefix("NVIDIA_").removeprefix("TESLA_").lower()
    return _NAMES.get(accelerator, plain)


def metric(wants: Wants) -> str:
    """The metric of the quota; Spot has its own."""
    spot = "preemptible_" if wants.spot else ""
    name = f"custom_model_training_{spot}nvidia_{_name(wants.accelerator)}_gpus"
    return f"aiplatform.googleapis.com/{name}"


def quota_id(wants: Wants) -> str:
    """The quota's id, by which more is requested."""
    spot = "Preemptible" if wants.spot else ""
    name = _name(wants.accelerator).replace("_", "").upper()
    return f"CustomModelTraining{spot}{name}GPUsPerProjectPerRegion"
