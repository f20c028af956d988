"""Text to search words, the same for what is stored and what is asked. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

MOST_WORDS_ASKED = 8
# No word of any language is longer, and PostgreSQL takes none above 2 kB.
LONGEST_WORD = 200
_WORD = re.compile(r"[^\W_]+")
# Values of filters are ASCII; of what else somebody asks for, an index may take some characters for gaps.
_UNFIT = re.compile(r"\s+|[^!-~]")
_PARTS = re.compile(r"[\s/]+")
_TATWEEL = "\u0640"
# Written without spaces between words, so that pairs of characters stand for words.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]+")


def plain(text: str) -> str:
    """The text without case, accents and the marks and lengthenings of Arabic writing."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(char for char in decomposed if unicodedata.category(char) != "Mn" and char != _TATWEEL)
    return unicodedata.normalize("NFC", kept).casefold()


def stored_words(text: str) -> list[str]:
    """The words to store of a text; those of a hyphenated name also joined: `edit-risk` gives edit, risk, editrisk."""
    words: list[str] = []
    for part in _PARTS.split(plain(text)):
        pieces = _WORD.findall(part)
        words += [word for piece in pieces for word in _stored(piece)]
        if len(pieces) > 1:
            words.append("".join(pieces)[:LONGEST_WORD])
    return words


def asked_words(text: str) -> list[str]:
    """The words of a query, each of which is to be found as the beginning of a stored one."""
    words = [word for piece in _WORD.findall(plain(text)) for word in _asked(piece)]
    return list(dict.fromkeys(words))[:MOST_WORDS_ASKED]


def tag(kind: str, value: str) -> str:
    """A filter's value as a word that no text has or begins, and no index cuts: `:task:ranking`."""
    return f":{kind}:{_UNFIT.sub('_', plain(value).strip())}"[:LONGEST_WORD]


def unique(words: Iterable[str]) -> list[str]:
    """The words once each, in order."""
    return list(dict.fromkeys(words))


def _stored(piece: str) -> Sequence[str]:
    words = []
    for run, unspaced in _runs(piece):
        if unspaced:
            words += [run[at : at + length] for length in (1, 2) for at in range(len(run) - length + 1)]
        else:
            words.append(run[:LONGEST_WORD])
    return words


def _asked(piece: str) -> Sequence[str]:
    words = []
    for run, unspaced in _runs(piece):
        if unspaced and len(run) > 1:
            words += [run[at : at + 2] for at in range(len(run) - 1)]
        else:
            words.append(run[:LONGEST_WORD])
    return words


def _runs(piece: str) -> list[tuple[str, bool]]:
    """The piece cut where writing without spaces begins and ends: `AI模型` is `ai` and `模型`."""
    runs, end = [], 0
    for found in _UNSPACED.finditer(piece):
        if found.start() > end:
            runs.append((piece[end : found.start()], False))
        runs.append((found.group(), True))
        end = found.end()
    if end < len(piece):
        runs.append((piece[end:], False))
    return runs
