"""Which accelerators go with which machine types."""

import pytest

from pipelines.prices.machines import mismatch


@pytest.mark.parametrize(
    ("machine_type", "kind", "number", "problem"),
    [
        ("n1-standard-4", "NVIDIA_TESLA_T4", 1, None),
        ("n1-standard-4", "NVIDIA_TESLA_T4", 3, "NVIDIA_TESLA_T4 comes in counts of 1, 2, 4"),
        (
            "n1-standard-16",
            "NVIDIA_TESLA_V100",
            1,
            "1 × NVIDIA_TESLA_V100 go with at most 12 vCPUs",
        ),
        ("n2-standard-4", "NVIDIA_TESLA_T4", 1, "NVIDIA_TESLA_T4 goes with the series n1 only"),
        ("g2-standard-4", "NVIDIA_L4", 1, None),
        ("g2-standard-4", "NVIDIA_L4", 2, "g2-standard-4 has 1 × NVIDIA_L4"),
        ("n1-standard-4", "NVIDIA_B200", 8, "NVIDIA_B200 comes with a4-highgpu-8g only"),
        ("x9-highgpu-1g", "NVIDIA_OF_NEXT_YEAR", 1, None),
    ],
)
def test_machines_and_accelerators(
    machine_type: str, kind: str, number: int, problem: str | None
) -> None:
    assert mismatch(machine_type, kind, number) == problem
