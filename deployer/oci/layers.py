"""The tar framing of a layer: one file under `models/`, the same bytes on any machine, day and user.

A layer is `header || blob || padding`: USTAR headers of the parent folders and of the file, the file's bytes, zeros up
to the next 512-byte block and the two zero blocks that end an archive (POSIX.1-1988 ustar, image-spec layer.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from deployer.errors import BuildError
from deployer.interfaces import BlobReader, FileEntry, LayerRecipe, LayerStream

MODELS = "models"
"""The folder of the image that a runtime sees."""

_BLOCK = 512
_CHUNK = 1 << 20
_NAME_BYTES = 100
_PREFIX_BYTES = 155
_OCTAL_SIZE_LIMIT = 8**11  # 8 GiB: what 11 octal digits hold
_CHECKSUM = slice(148, 156)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What surrounds a blob in its layer: the header bytes and the number of zero bytes after it."""

    header: bytes
    padding: int

    def layer_size(self, blob_size: int) -> int:
        """Bytes of the whole layer."""
        return len(self.header) + blob_size + self.padding


def frame(path: str, size: int) -> Frame:
    """The framing of a file of `size` bytes at `models/<path>`.

    Every parent gets a header of its own: without one, the unpacking program would choose the folder's mode and time.
    Raises `BuildError` for a path that no layer can hold.
    """
    check_path(path)
    parts = f"{MODELS}/{path}".split("/")
    folders = ["/".join(parts[:depth]) + "/" for depth in range(1, len(parts))]
    headers = [_header(folder, mode=0o755, size=0, kind=b"5") for folder in folders]
    headers.append(_header("/".join(parts), mode=0o644, size=size, kind=b"0"))
    return Frame(header=b"".join(headers), padding=-size % _BLOCK + 2 * _BLOCK)


def check_path(path: str) -> None:
    """Refuse (`BuildError`) what could escape `/models`, hide in a listing or mean something else in a layer."""
    parts = path.split("/")
    if not path.isprintable() or any(part in {"", ".", ".."} for part in parts):
        raise BuildError("build.bad_path", path=path)
    if any(part.startswith(".wh.") for part in parts):
        # In a layer this prefix is a whiteout: it would delete a file instead of adding one.
        raise BuildError("build.reserved_name", path=path)


def ordered_files(files: Iterable[FileEntry]) -> tuple[FileEntry, ...]:
    """The files in layer order: by path, as UTF-8 bytes.

    `BuildError` if there are none, if two claim one path or if a layer cannot hold one, before anything is read.
    """
    ordered = tuple(sorted(files, key=lambda entry: entry.path.encode("utf-8", "surrogatepass")))
    if not ordered:
        raise BuildError("build.no_files")
    for one, following in pairwise(ordered):
        if one.path == following.path:
            raise BuildError("build.duplicate_path", path=one.path)
    taken = {entry.path for entry in ordered}
    for entry in ordered:
        frame(entry.path, entry.size)
        parts = entry.path.split("/")
        for depth in range(1, len(parts)):
            if "/".join(parts[:depth]) in taken:
                raise BuildError("build.duplicate_path", path="/".join(parts[:depth]))
    return ordered


def layer_stream(blobs: BlobReader) -> LayerStream:
    """A function that streams a layer's bytes from its recipe. Whoever receives them compares the layer's digest."""
    return lambda recipe: layer_from(blobs, recipe)


def layer_from(blobs: BlobReader, recipe: LayerRecipe, *, start: int = 0) -> Iterator[bytes]:
    """The layer's bytes from `start` on, for going on with a transfer that was cut."""
    if start < len(recipe.header):
        yield recipe.header[start:]
    with blobs.open(recipe.blob_sha256) as blob:
        if start > len(recipe.header):
            blob.seek(min(start - len(recipe.header), recipe.blob_size))
        while chunk := blob.read(_CHUNK):
            yield chunk
    tail = recipe.size - max(start, len(recipe.header) + recipe.blob_size)
    if tail > 0:
        yield bytes(tail)


def _header(name: str, *, mode: int, size: int, kind: bytes) -> bytes:
    """One 512-byte USTAR header: uid and gid 0, no names, mtime 0."""
    prefix, rest = _split(name)
    block = bytearray(_BLOCK)
    fields = (
        (0, rest),
        (100, b"%07o" % mode),
        (108, b"%07o" % 0),
        (116, b"%07o" % 0),
        (124, _size_field(size)),
        (136, b"%011o" % 0),
        (148, b" " * 8),
        (156, kind),
        (257, b"ustar\x0000"),
        (345, prefix),
    )
    for offset, value in fields:
        block[offset : offset + len(value)] = value
    block[_CHECKSUM] = b"%06o\0 " % sum(block)
    return bytes(block)


def _size_field(size: int) -> bytes:
    """The size as 11 octal digits, or beyond 8 GiB in base-256.

    Base-256 rather than a PAX record: Go's archive/tar (containerd, skopeo, umoci), GNU tar, libarchive and Python read
    both, but scanners that walk raw headers (Clair's tarfs) know only the size field and would lose their place.
    """
    if size < _OCTAL_SIZE_LIMIT:
        return b"%011o" % size
    return b"\x80" + size.to_bytes(11, "big")


def _split(name: str) -> tuple[bytes, bytes]:
    """USTAR's prefix and name: the shortest prefix that leaves at most 100 bytes of name."""
    encoded = name.encode()
    if len(encoded) <= _NAME_BYTES:
        return b"", encoded
    cut = encoded.find(b"/", len(encoded) - _NAME_BYTES - 1, len(encoded) - 1)
    if not 0 < cut <= _PREFIX_BYTES:
        raise BuildError("build.path_too_long", path=name.removeprefix(f"{MODELS}/"))
    return encoded[:cut], encoded[cut + 1 :]
