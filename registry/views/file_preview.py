"""A look at a stored file: short text as inert text, anything else not at all."""

from __future__ import annotations

from dataclasses import dataclass

from registry.backends import blob_store
from registry.models import VersionFile

LONGEST_PREVIEW = 64 << 10
TEXT_ENDINGS = (".json", ".txt", ".md", ".csv", ".tsv", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".vocab", ".bpe")
TEXT_NAMES = ("license", "licence", "readme", "notice", "citation")


@dataclass(frozen=True, slots=True)
class Preview:
    """The beginning of a text; `cut` where the file goes on."""

    text: str
    cut: bool


def preview_of(file: VersionFile) -> Preview | None:
    """The first `LONGEST_PREVIEW` bytes of a file that is named like a text and is one; None for any other."""
    name = file.path.rpartition("/")[2].lower()
    if not (name.endswith(TEXT_ENDINGS) or name in TEXT_NAMES):
        return None
    with blob_store().open(file.blob_id) as source:
        data = source.read(LONGEST_PREVIEW)
    cut = file.blob.size > len(data)
    try:
        # A cut may fall within a character; anywhere else a bad byte means that this is no text.
        text = data.decode("utf-8") if not cut else _decoded_start(data)
    except UnicodeDecodeError:
        return None
    if "\x00" in text:
        return None
    return Preview(text, cut)


def _decoded_start(data: bytes) -> str:
    for dropped in range(4):
        try:
            return data[: len(data) - dropped].decode("utf-8")
        except UnicodeDecodeError as error:
            if error.end < len(data) - dropped:
                raise
    raise UnicodeDecodeError("utf-8", data, 0, len(data), "no text")
