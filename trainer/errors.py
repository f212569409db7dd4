"""What can go wrong, as the command line reports it.

    TabularError       the run failed                           exit status 1
    └── InputError     the input or the usage is at fault       exit status 2

Both carry one line that says what is wrong, where, the value, and the cure.
"""


class TabularError(Exception):
    """The run failed: one line says which part and why."""

    exit_status = 1


class InputError(TabularError):
    """The caller's input is at fault: "rule, however: value"."""

    exit_status = 2
