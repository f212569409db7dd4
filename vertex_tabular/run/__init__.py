"""Runs: what training leaves in a run directory, what a local run records, and how both are found.

`directory` reads a run directory, `arrays` the rows that a run was trained on, `record` is the
content of run.json, `find` turns what a user calls a run into its run directory, and `dataframe`
lists the runs of this machine.
"""
