"""Compiles the pipeline: python compile.py  ->  build/training.yaml"""

import argparse
from pathlib import Path

from components.code import Code
from pipelines.training import DEFAULT_IMAGE, compiled


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--image", default=DEFAULT_IMAGE, help="image that holds every step")
    source.add_argument("--package-uri", help="gs://….whl that stock images install instead")
    parser.add_argument("--replicas", type=int, default=1, help="machines of the training job")
    parser.add_argument("--output", type=Path, default=Path("build/training.yaml"))
    args = parser.parse_args()
    if args.replicas < 1:
        parser.error(f"--replicas must be at least 1, however: {args.replicas}")
    if not args.image:
        parser.error("--image must name an image, however: it is empty")
    try:
        in_package = args.package_uri is not None
        code = Code.in_package(args.package_uri) if in_package else Code.in_image(args.image)
    except ValueError as error:
        parser.error(str(error))
    document = compiled(code, args.replicas)
    try:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        args.output.write_text(document)
    except OSError as error:
        parser.error(f"--output must be writable, however: {args.output}: {error.strerror}")
    print(f"wrote {args.output}")
    if code.image == DEFAULT_IMAGE:
        print(
            f"note: Vertex AI needs an image in a registry, however: {DEFAULT_IMAGE}; "
            "push one and compile with --image REGION-docker.pkg.dev/PROJECT/REPOSITORY/NAME:TAG"
        )


if __name__ == "__main__":
    main()
