"""Reads a table row by row, as text: slowly, but it says what is wrong with the form, and where."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from vertex_tabular.tables.formats import format_of, misnamed
from vertex_tabular.tables.formats.format import reading_errors
from vertex_tabular.tables.problems import Problems


def rows_of(
    part: Path, names: Sequence[str] | None, problems: Problems, of_part: str = ""
) -> Iterator[tuple[str, dict[str, str]]]:
    """Each row of a file that has its fields, as text by column, with its place ("line 7").

    What cannot be read is added to `problems`. `names` are the columns; None means all of them.
    """
    try:
        if problem := misnamed(part):
            problems.add(problem)
        else:
            yield from format_of(part).rows(part, names, problems, of_part)
    except reading_errors() as error:
        if isinstance(error, OSError) and error.strerror:
            problems.add(f"a file must be readable, got {part}: {error.strerror}")
        else:
            reason = str(error).strip(" .")
            problems.add(f"a file must be whole, got {part}: {reason}; copy it again")
