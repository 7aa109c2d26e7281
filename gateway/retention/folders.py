"""Files that are whole or absent, on the disk and not only on their way there."""

import gzip
import hashlib
import os
import zlib
from pathlib import Path

from gateway.retention.manifest import ArchiveBroken

_CHUNK = 1 << 20


def write(path: Path, content: bytes) -> None:
    """Write a file so that its name appears when all of it is on the disk.

    Raises:
        OSError: the disk is full, or not ours to write.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    flush_folder(path.parent)


def publish(draft: Path, final: Path) -> None:
    """Give a finished folder its name; harmless when it has it already.

    Raises:
        OSError: the name is taken by something else.
    """
    if not final.is_dir():
        draft.replace(final)
    flush_folder(final.parent)


def copy(folder: Path, final: Path) -> None:
    """Copy a folder file by file; what was copied before is left, until it is verified."""
    draft = final.with_name(f".{final.name}.part")
    if final.is_dir():
        return
    for source in sorted(path for path in folder.rglob("*") if path.is_file()):
        target = draft / source.relative_to(folder)
        if not target.is_file():
            write(target, source.read_bytes())
    publish(draft, final)


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder: they must survive a power cut as well as the bytes."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def pack(content: bytes) -> bytes:
    """Return *content* in gzip; the same bytes each time, because no hour is kept inside."""
    return gzip.compress(content, compresslevel=6, mtime=0)


def unpack(content: bytes, most_bytes: int) -> bytes:
    """Return what gzip holds, at most *most_bytes*.

    Raises:
        ArchiveBroken: it is no gzip, is cut, or holds more.
    """
    unpacking = zlib.decompressobj(wbits=31)
    try:
        found = unpacking.decompress(content, most_bytes + 1)
    except zlib.error:
        raise ArchiveBroken("a bundle is no gzip") from None
    if len(found) > most_bytes or not unpacking.eof or unpacking.unused_data:
        raise ArchiveBroken("a bundle is cut, or too long")
    return found
