"""The input's version: what it is now, and how to read that version and no other.

On Cloud Storage the fingerprint comes from an object's metadata, so a large file is not read twice;
it is of the content, not the generation, so that the same bytes uploaded again count as unchanged.
"""

import base64
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainer.contract import input_file, sha256_of
from trainer.errors import InputError


def fingerprint(uri: str) -> str:
    """What tells the content of a file from any other: `sha256:…`, `md5:…` or `crc32c:…`.

    Cloud Storage has no md5 of an object that was composed of parts
    (https://cloud.google.com/storage/docs/metadata#checksums).

    Raises:
        InputError: there is no such file.
    """
    if not uri.startswith("gs://"):
        return f"sha256:{sha256_of(input_file(uri))}"
    return _fingerprint_of(_current(uri))


@contextlib.contextmanager
def local_copy(uri: str, expected: str) -> Iterator[str]:
    """A path at which the content of `uri` can be read, for the length of a `with` block.

    Raises:
        InputError: the object on Cloud Storage is no longer what its fingerprint said; it was
            replaced before, or while, it was read.
    """
    if not uri.startswith("gs://"):
        yield uri
        return
    from google.api_core.exceptions import NotFound, PreconditionFailed

    replaced = InputError(
        f"the input must stay as it is while a run begins, however: {uri} was replaced; run again"
    )
    blob = _current(uri)
    if _fingerprint_of(blob) != expected:
        raise replaced
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, Path(blob.name).name)
        try:
            # Google's client compares the checksum of what arrived.
            blob.download_to_filename(path, if_generation_match=blob.generation)
        except (NotFound, PreconditionFailed) as error:
            raise replaced from error
        yield str(path)


def _current(uri: str) -> Any:
    """The object as it is now, with its metadata."""
    from google.api_core.exceptions import NotFound
    from google.cloud import storage

    blob = storage.Blob.from_uri(uri, client=storage.Client())
    try:
        blob.reload()
    except NotFound:
        raise InputError(
            f"an input must be a file, however: {uri}: there is no such object"
        ) from None
    return blob


def _fingerprint_of(blob: Any) -> str:
    name, checksum = ("md5", blob.md5_hash) if blob.md5_hash else ("crc32c", blob.crc32c)
    return f"{name}:{base64.b64decode(checksum).hex()}:{blob.size}"
