"""The command line of the training step.

    python -m trainer --train train_data.npz --val val_data.npz --model_out DIR

Exit status: 0 done; 1 the run failed; 2 bad usage or input; 143 interrupted, start it again.
"""

import contextlib
import gc
import logging
import os
import sys
from collections.abc import Sequence

from trainer.errors import TabularError, exit_on_error, of_system

log = logging.getLogger("trainer")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one process of a training run; returns its exit status, or raises SystemExit with it."""
    with exit_on_error("train"):
        return _run(list(sys.argv[1:] if argv is None else argv))


def _run(argv: list[str]) -> int:
    # Not above, so that Ctrl-C meanwhile, and what is not installed, are one line.
    from trainer import contract
    from trainer.compute.cpus import wait_passively
    from trainer.config import Config
    from trainer.log import RunLog, to_terminal
    from trainer.uri import local_path

    with to_terminal(), contextlib.ExitStack() as recording:
        config = Config.from_args(argv)
        directory = local_path(config.model_out)

        wait_passively()  # before torch is imported
        from trainer import checkpoint
        from trainer.compute import distributed
        from trainer.compute.gpu import check_device
        from trainer.run import run

        check_device(config.device)
        arguments = distributed.torchrun_arguments(config.device)
        if arguments:
            return distributed.launch([*arguments, "-m", "trainer", *argv])
        with checkpoint.Sigterm().watched() as sigterm:
            world = distributed.World.join(config.device)
            run_log = RunLog(directory) if world.rank == 0 else None
            if run_log:
                recording.enter_context(
                    run_log.recording(append=checkpoint.exist(config.checkpoint_dir))
                )
            try:
                names = run(config, world, sigterm, run_log)
                recording.close()  # the log is whole before its sha256 is taken
                if run_log:
                    contract.write_manifest(directory, [*names, contract.LOG])
                world.leave()
            except TabularError as error:
                log.error(f"error: {error}")
                return error.exit_status
            except Exception as error:
                if (known := of_system(error, "train")) is None:
                    log.exception("unexpected failure")
                    return 1
                log.error(f"error: {known}")
                return known.exit_status
    return 0


if __name__ == "__main__":
    # Importing torch makes half a million objects that stay. To look for garbage among them, and
    # once more at exit, takes a quarter of a second and finds none.
    gc.disable()
    try:
        status = main()
    except SystemExit as end:
        status = int(end.code or 0)
    if status:
        # At once: a thread may be reading the next shard, and those of torch.distributed would
        # abort the process, whose status then asks Vertex for another try.
        sys.stdout.flush()
        os._exit(status)
    gc.freeze()
    sys.exit(status)
