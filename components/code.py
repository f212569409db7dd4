"""How a step's code reaches its container; chosen when the pipeline is compiled."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kfp import dsl

# The newest prebuilt training image, https://cloud.google.com/vertex-ai/docs/training/pre-built-containers#pytorch
PREBUILT_TRAINING_IMAGE = "us-docker.pkg.dev/vertex-ai/training/pytorch-xla.2-4.py310:latest"


@dataclass(frozen=True)
class Code:
    """Either one image that holds every step, or a wheel on Cloud Storage for stock images.

    Attributes:
        image: what the steps run in: an image with this distribution installed, or, with
            `package_uri`, a plain Python image that installs the wheel when a step starts.
        training_image: what the training job runs in, unless another is named at run time.
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
        return cls("python:3.11-slim", PREBUILT_TRAINING_IMAGE, package_uri)

    def component(self, function: Callable[..., Any]) -> Any:
        """`function`, of a module of `components`, as a KFP component.

        kfp writes a function's source into the YAML. Here it is an import: the container holds
        this code anyway, and a signature that is made from fields has no source.
        """
        mounted = self.package_uri.replace("gs://", "/gcs/", 1)
        component = dsl.component(
            function,
            base_image=self.image,
            packages_to_install=[f"{mounted}[pipeline]"] if mounted else None,
            install_kfp_package=False,
        )
        container = component.component_spec.implementation.container
        imported = f"from {function.__module__} import {function.__name__}\n"
        container.command = [*container.command[:-1], imported]
        return component
