"""All the benchmarks, one after the other: python -m benchmarks  ->  build/bench.json"""

import json
from pathlib import Path

from benchmarks import busy, fingerprint, pipeline, preprocess, trainer

RESULTS = Path("build/bench.json")


def main() -> None:
    results = {
        "pipeline": pipeline.main([]),
        "fingerprint": fingerprint.main([]),
        "preprocess": preprocess.main([]),
        "trainer": trainer.main([]),
        "busy": busy.main([]),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(f"wrote {RESULTS}")


if __name__ == "__main__":
    main()
