"""Shell scripts in the command line of a container."""

import re
from collections.abc import Sequence
from itertools import pairwise


def scripts_of(words: Sequence[str]) -> list[str]:
    """What a command line gives a shell or an interpreter with -c; empty if there is no such."""
    return [word for before, word in pairwise(words) if re.fullmatch(r"-\w*c", before)]
