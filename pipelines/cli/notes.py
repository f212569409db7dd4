"""What a command has to say beside its result, on stderr."""

from trainer.terminal import echo

MAX_NOTES = 20


def show_notes(notes: list[str]) -> None:
    """Prints notes, a line each; not all of very many."""
    for note in notes[:MAX_NOTES]:
        echo(note, err=True)
    if len(notes) > MAX_NOTES:
        echo(f"and {len(notes) - MAX_NOTES} more, in the schema's comments", err=True)
