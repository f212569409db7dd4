"""The input's version: what it is now, and how to read that version and no other.

On Cloud Storage the fingerprint comes from the objects' metadata, so a large file is not read
twice; it is of the content, not the generation, so that the same bytes uploaded again count as
unchanged.
"""

import base64
import contextlib
import glob
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainer.contract import sha256_of
from trainer.errors import InputError
from trainer.uri import Uri
from vertex_tabular.tables.sources import is_table, matches, parts_of


def fingerprint(uri: str) -> str:
    """What tells the content of an input from any other: `sha256:…`, or of a Cloud Storage object
    `md5:…` or `crc32c:…`; of several files, one that names and contents of all go into.

    Raises:
        InputError: there is no such file, or it cannot be read.
    """
    if not Uri(uri).is_cloud:
        parts = parts_of(uri)
        try:
            root = os.path.commonpath([part.parent for part in parts])
            names = [part.relative_to(root).as_posix() for part in parts]
            checksums = [f"sha256:{sha256_of(part)}" for part in parts]
            return _joined(list(zip(names, checksums, strict=True)))
        except OSError as error:
            raise InputError(f"a file must be readable, got {uri}: {error.strerror}") from None
    return _fingerprint_of(_objects(uri))


@contextlib.contextmanager
def local_copy(uri: str, expected: str) -> Iterator[str]:
    """A path at which the content of `uri` can be read, for the length of a `with` block.

    Raises:
        InputError: it is no longer what the fingerprint said: it was replaced before, or while, it
            was read. Of a local file this is told when the block ends.
    """
    replaced = InputError(
        f"the input must stay as it is while a run begins, got {uri} was replaced; run again"
    )
    if not Uri(uri).is_cloud:
        yield uri
        # The cache would give what was made of other bytes to whoever comes with the old ones.
        if fingerprint(uri) != expected:
            raise replaced
        return
    from google.api_core.exceptions import NotFound, PreconditionFailed

    objects = _objects(uri)
    if _fingerprint_of(objects) != expected:
        raise replaced
    with tempfile.TemporaryDirectory() as directory:
        paths = [Path(directory, _copy_of(n, blob.name)) for n, blob in enumerate(objects)]
        try:
            for blob, path in zip(objects, paths, strict=True):
                path.parent.mkdir()
                # Google's client compares the checksum of what arrived.
                blob.download_to_filename(path, if_generation_match=blob.generation)
        except (NotFound, PreconditionFailed) as error:
            raise replaced from error
        yield str(paths[0]) if len(paths) == 1 else f"{glob.escape(directory)}/*/*"


def _objects(uri: str) -> list[Any]:
    """The objects that a URI names, or those that a pattern or directory (`…/`) does, by name."""
    import google.cloud.storage as storage
    from google.auth.exceptions import DefaultCredentialsError

    try:
        client = storage.Client()
    except (DefaultCredentialsError, OSError) as error:  # OSError: there is no project either
        reason = " ".join(str(error).split())
        raise InputError(
            f"gs:// needs credentials, got {uri}: {reason}; gcloud auth application-default login"
        ) from None
    where = Uri(uri)
    directory = not where.name or where.name.endswith("/")
    blob = None if directory else client.bucket(where.bucket).get_blob(where.name)
    found = [blob] if blob else []
    if directory:
        listed = client.list_blobs(where.bucket, prefix=where.name)
        found = [blob for blob in listed if _is_below(blob.name.removeprefix(where.name))]
    elif not blob and glob.has_magic(where.name):
        start = next(i for i, character in enumerate(where.name) if character in "*?[")
        listed = client.list_blobs(where.bucket, prefix=where.name[:start])
        found = [blob for blob in listed if matches(blob.name, where.name)]
    if not found:
        raise InputError(f"an input must be a file, got {uri}: there is no such object")
    return sorted(found, key=lambda blob: str(blob.name))


def _is_below(name: str) -> bool:
    """Whether an object, named from its directory on, is one of the directory's tables."""
    *directories, last = name.split("/")
    return is_table(last) and not any(each.startswith(".") for each in directories)


def _copy_of(number: int, name: str) -> str:
    """Where an object is copied to: in a directory of its own, because objects of several
    directories may have one name; under a name that a file can have, which an object's need not be.
    Copies sort as the objects do, and a `*` matches each."""
    last = re.sub(r"[^A-Za-z0-9._-]", "_", name.rpartition("/")[2])[-60:]
    return f"{number:06d}/{'_' if last.startswith('.') else ''}{last}"


def _fingerprint_of(objects: list[Any]) -> str:
    """Cloud Storage has no md5 of an object that was composed of parts
    (https://cloud.google.com/storage/docs/metadata#checksums)."""
    checksums = []
    for blob in objects:
        name, checksum = ("md5", blob.md5_hash) if blob.md5_hash else ("crc32c", blob.crc32c)
        checksums.append((blob.name, f"{name}:{base64.b64decode(checksum).hex()}:{blob.size}"))
    return _joined(checksums)


def _joined(checksums: list[tuple[str, str]]) -> str:
    if len(checksums) == 1:
        return checksums[0][1]
    return f"sha256:{hashlib.sha256(repr(checksums).encode()).hexdigest()}"
