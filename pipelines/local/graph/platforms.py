"""Settings for Kubernetes (kfp-kubernetes) in a second document: which change what a step reads."""

from collections.abc import Iterator
from typing import Any

# Where a pod runs and what it is called; a step does the same without.
NO_MATTER = (
    "activeDeadlineSeconds",
    "imagePullPolicy",
    "imagePullSecret",
    "nodeAffinity",
    "nodeSelector",
    "podAffinity",
    "podMetadata",
    "securityContext",
    "tolerations",
)


def platform_features(further: list[Any]) -> Iterator[tuple[str, str]]:
    """The executor's label and the feature, for each that this machine has not got."""
    for document in further:
        platforms = document.get("platforms", {}) if isinstance(document, dict) else {}
        for platform in platforms.values() if isinstance(platforms, dict) else ():
            match platform:
                case {"deploymentSpec": {"executors": dict(executors)}}:
                    for label, settings in executors.items():
                        for feature in settings if isinstance(settings, dict) else ():
                            if feature not in NO_MATTER:
                                yield str(label), str(feature)
