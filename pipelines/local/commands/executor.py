"""kfp's executor of components, for a command some of whose arguments are in files.

    python -m pipelines.local.commands.executor ARGUMENT …

is python -m kfp.dsl.executor_main ARGUMENT …
"""

import runpy
import sys

from pipelines.local.commands.long_arguments import restored
from pipelines.local.kfp_internals import KFP_EXECUTOR

if __name__ == "__main__":
    sys.argv[1:] = restored(sys.argv[1:])
    runpy.run_module(KFP_EXECUTOR, run_name="__main__", alter_sys=True)
