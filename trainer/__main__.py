"""The command line of the training step.

    python -m trainer --train train_data.npz --val val_data.npz --model_out DIR

Exit status: 0 done; 1 the run failed; 2 bad usage or input; 143 interrupted, start it again.
"""

import contextlib
import gc
import os
import sys
import traceback
from collections.abc import Sequence

from trainer import contract
from trainer.config import Config
from trainer.errors import TabularError, exit_on_error
from trainer.uri import local_path


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one process of a training run; returns its exit status, or raises SystemExit with it."""
    argv = list(sys.argv[1:] if argv is None else argv)
    with exit_on_error():
        config = Config.from_args(argv)
        directory = local_path(config.model_out)

        from trainer import checkpoint, distributed, outputs, train

        arguments = distributed.torchrun_arguments(config.device)
        if arguments:
            return distributed.launch([*arguments, "-m", "trainer", *argv])
        with checkpoint.Sigterm().watched() as sigterm, contextlib.ExitStack() as recording:
            world = distributed.World.join(config.device)
            if world.rank == 0:
                log = outputs.Log(directory)
                recording.enter_context(log.recording(checkpoint.exist(config.checkpoint_dir)))
            try:
                names = train.run(config, world, sigterm)
                recording.close()
                if world.rank == 0:
                    contract.write_manifest(directory, [*names, contract.LOG])
                world.leave()
            except TabularError as error:
                print(f"error: {error}", file=sys.stderr)
                return error.exit_status
            except Exception:
                traceback.print_exc()
                return 1
    return 0


if __name__ == "__main__":
    # Importing torch makes half a million objects that stay. To look for garbage among them, and
    # once more at exit, takes a quarter of a second and finds none.
    gc.disable()
    status = main()
    if status:
        # At once: a thread may be reading the next shard, and those of torch.distributed would
        # abort the process, whose status then asks Vertex for another try.
        sys.stdout.flush()
        os._exit(status)
    gc.freeze()
    sys.exit(status)
