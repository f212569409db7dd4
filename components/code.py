"""How a step's code reaches its container; chosen when the pipeline is compiled."""

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kfp import dsl

STOCK_IMAGE = "python:3.11-slim"
LOCKS = "pipelines/vertex/locks"  # of the wheel: what the stock image installs, by hash
STEP_LOCKS, TRAINING_LOCKS = ("steps.lock",), ("training.lock", "torch-cpu.lock")


@dataclass(frozen=True)
class Code:
    """Either one image that holds every step, or a wheel on Cloud Storage for stock images.

    Attributes:
        image: what the steps run in: an image with this distribution installed, or, with
            `package_uri`, a plain Python image that installs the wheel when a step starts.
        training_image: what the training job runs in, unless another is named at run time; with
            `package_uri` the same plain image, and so without CUDA.
        package_uri: gs:// URI of the wheel; empty when the image holds the code.
    """

    image: str
    training_image: str
    package_uri: str = ""

    @classmethod
    def in_image(cls, image: str) -> "Code":
        """Everything is in `image`; nothing is installed at run time."""
        return cls(image=image, training_image=image)

    @classmethod
    def in_package(cls, package_uri: str) -> "Code":
        """Stock images install the wheel at `package_uri`; no image build is needed.

        Raises:
            ValueError: `package_uri` does not name a wheel on Cloud Storage.
        """
        if not re.fullmatch(r"gs://[^/]+/\S*[^/\s]+-[^/\s]+\.whl", package_uri):
            raise ValueError(
                f"a package URI must be gs://….whl, got {package_uri}; "
                "upload the wheel that `pip wheel --no-deps .` makes"
            )
        return cls(STOCK_IMAGE, STOCK_IMAGE, package_uri)

    def component(self, function: Callable[..., Any]) -> Any:
        """`function`, of a module of `components`, as a KFP component.

        kfp writes a function's source into the YAML. Here it is an import: the container holds
        this code anyway, and a signature that is made from fields has no source.
        """
        component = dsl.component(function, base_image=self.image, install_kfp_package=False)
        container = component.component_spec.implementation.container
        imported = f"from {function.__module__} import {function.__name__}\n"
        container.command = self.command([*container.command[:-1], imported], STEP_LOCKS)
        return component

    def command(self, program: list[str], locks: Sequence[str]) -> list[str]:
        """The command that runs `program` in its container, once what it needs is installed.

        Everything is pinned by hash: the wheel holds the lists. The shell becomes the program, so
        that SIGTERM reaches it.

        Args:
            program: name and first arguments.
            locks: the lists, of LOCKS.
        """
        if not self.package_uri:
            return program
        wheel = shlex.quote(self.package_uri.replace("gs://", "/gcs/", 1))
        pip = "python -m pip install --quiet --no-cache-dir --disable-pip-version-check"
        pip += " --root-user-action=ignore --no-deps --only-binary=:all:"
        lists = " ".join(f'--requirement "$lists/{LOCKS}/{each}"' for each in locks)
        script = (
            f'lists=$(mktemp -d) && python -m zipfile -e {wheel} "$lists" && '
            f"{pip} --require-hashes {lists} && {pip} --no-index {wheel} && "
            'rm -r "$lists" && exec "$0" "$@"'
        )
        return ["sh", "-c", script, *program]
