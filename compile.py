"""Compiles the pipelines: python compile.py  ->  build/training.yaml, build/prediction.yaml"""

import argparse
from pathlib import Path

from components.code import Code
from pipelines import prediction, training
from pipelines.training import DEFAULT_IMAGE
from trainer.terminal import echo


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--image",
        default=DEFAULT_IMAGE,
        help="image of every step, with this package",
    )
    source.add_argument("--package-uri", help="gs://….whl that stock images install instead")
    parser.add_argument("--replicas", type=int, default=1, help="machines of the training job")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("build/training.yaml"),
        help="YAML of the training pipeline; prediction.yaml is written beside it",
    )
    args = parser.parse_args()
    if args.replicas < 1:
        parser.error(f"--replicas must be at least 1, got {args.replicas}")
    if args.output.name == "prediction.yaml":
        parser.error("--output must name the training pipeline's YAML, got prediction.yaml")
    if not args.image:
        parser.error("--image must name an image, got an empty name")
    try:
        in_package = args.package_uri is not None
        code = Code.in_package(args.package_uri) if in_package else Code.in_image(args.image)
    except ValueError as error:
        parser.error(str(error))
    documents = {
        args.output: training.compiled(code, args.replicas),
        args.output.with_name("prediction.yaml"): prediction.compiled(code),
    }
    for path, document in documents.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(document)
        except OSError as error:
            parser.error(f"--output must be writable, got {path}: {error.strerror}")
        echo(f"wrote {path}")
    if code.image == DEFAULT_IMAGE:
        echo(
            f"note: Vertex AI needs an image in a registry, got {DEFAULT_IMAGE}; "
            "push one and compile with --image REGION-docker.pkg.dev/PROJECT/REPOSITORY/NAME:TAG"
        )


if __name__ == "__main__":
    main()
