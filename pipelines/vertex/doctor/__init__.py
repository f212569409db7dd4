"""What a project of Google Cloud must have before a run: what is missing, and what makes it.

`needs` is the one table of it: `examination` compares a project with it (`tabpipe doctor`), and
`script` makes the commands that fulfil it (`tabpipe setup`). `cures` has the commands of both.
"""
