"""The sections of a card as separate texts, read from its source and put back without touching anything else.

The source stays the one truth: a section's text is a run of its lines, and writing replaces that run. Other sections,
comments, the head and every odd spelling survive, because they are never rewritten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from registry.card_outline import Heading, headings, visible_lines
from registry.card_template import GUIDED_SECTIONS, INTRODUCTION, KNOWN_PROMPTS
from registry.errors import UserError
from registry.front_matter import split_front_matter

FIRST_LEVEL, USUAL_LEVEL = 1, 2


@dataclass(frozen=True, slots=True)
class _Place:
    """The lines between a section's heading and the next one; `level` is the heading's, 0 for the introduction."""

    start: int
    end: int
    level: int


def read_sections(source: str) -> dict[str, str]:
    """The text of each guided section that the card has, by key; without prompts and the blank lines around."""
    _head, body = _parted(source)
    return _read(body.split("\n"))


def other_titles(source: str) -> list[str]:
    """The titles of top sections that no guided text covers."""
    _head, body = _parted(source)
    lines = body.split("\n")
    outline = list(headings(list(visible_lines(lines))))
    known = _claimed(outline)
    return [
        heading.title
        for at, heading in enumerate(outline)
        if at not in known.values() and heading.level <= USUAL_LEVEL and not (at == 0 and heading.level == FIRST_LEVEL)
    ]


def with_sections(source: str, texts: Mapping[str, str]) -> str:
    """The card with these texts in their sections; a missing section is added where the template has it.

    Raises `UserError` with the section's key as field if a text would break out: by an open code block or comment, or
    by a heading that ends the section. Texts that say what the card says already change nothing.
    """
    head, body = _parted(source)
    wanted = {key: _trimmed(texts[key]) for key in _KEYS if key in texts}
    for key, text in wanted.items():
        lines = body.split("\n")
        place = _places(lines).get(key)
        if place is not None:
            changed = _replaced(lines, place, text)
        elif text:
            changed = _added(lines, key, text)
        else:
            continue
        if _read(changed) != {**_read(lines), key: text}:
            raise UserError("card.section_breaks_out", field=key)
        body = "\n".join(changed)
    return head + body


_KEYS = tuple(section.key for section in (INTRODUCTION, *GUIDED_SECTIONS))


def _read(lines: Sequence[str]) -> dict[str, str]:
    return {key: "\n".join(lines[slice(*_inner(lines, place))]) for key, place in _places(lines).items()}


def _parted(source: str) -> tuple[str, str]:
    _yaml, body, _line = split_front_matter(source)
    return source[: len(source) - len(body)], body


def _claimed(outline: Sequence[Heading]) -> dict[str, int]:
    """Which heading stands for which section: the first that is titled so and stands for none yet."""
    found: dict[str, int] = {}
    for at, heading in enumerate(outline):
        section = next(
            (each for each in GUIDED_SECTIONS if each.key not in found and each.is_titled(heading.title)), None
        )
        if section is not None:
            found[section.key] = at
    return found


def _places(lines: Sequence[str]) -> dict[str, _Place]:
    outline = list(headings(list(visible_lines(lines))))
    claimed = _claimed(outline)
    taken = set(claimed.values())
    places = {INTRODUCTION.key: _introduction(lines, outline, taken)}
    for key, at in claimed.items():
        heading = outline[at]
        following = (
            each.start
            for number, each in enumerate(outline[at + 1 :], start=at + 1)
            if each.level <= heading.level or number in taken
        )
        places[key] = _Place(heading.end, next(following, len(lines)), heading.level)
    return places


def _introduction(lines: Sequence[str], outline: Sequence[Heading], taken: set[int]) -> _Place:
    """What stands between the card's title, if it has one, and its first section."""
    if outline and outline[0].level == FIRST_LEVEL and 0 not in taken:
        following = outline[1].start if len(outline) > 1 else len(lines)
        return _Place(outline[0].end, following, 0)
    return _Place(0, outline[0].start if outline else len(lines), 0)


def _inner(lines: Sequence[str], place: _Place) -> tuple[int, int]:
    """The lines of the text proper: (first, after the last); equal where there is none."""
    start, end = place.start, place.end
    while start < end and not lines[start].strip():
        start += 1
    after = _prompt_end(lines, start, end)
    while after < end and not lines[after].strip():
        after += 1
    while end > after and not lines[end - 1].strip():
        end -= 1
    return after, end


def _prompt_end(lines: Sequence[str], start: int, end: int) -> int:
    """The line after a prompt of ours that begins here, or `start`."""
    if start >= end or not lines[start].lstrip().startswith("<!--"):
        return start
    close = next((at for at in range(start, end) if "-->" in lines[at]), None)
    if close is None:
        return start
    text = " ".join(" ".join(lines[start : close + 1]).split())
    return close + 1 if text in KNOWN_PROMPTS else start


def _replaced(lines: Sequence[str], place: _Place, text: str) -> list[str]:
    start, end = _inner(lines, place)
    if start < end:
        return [*lines[:start], *_lines_of(text), *lines[end:]]
    if not text:
        return list(lines)
    kept = place.end
    while kept > place.start and not lines[kept - 1].strip():
        kept -= 1
    return [*_framed(lines[:kept], _lines_of(text), lines[place.end :])]


def _added(lines: Sequence[str], key: str, text: str) -> list[str]:
    """With a new section after the nearest one that the template has before it, at that one's level."""
    section = next(each for each in GUIDED_SECTIONS if each.key == key)
    places = _places(lines)
    before = [places[each] for each in _KEYS[: _KEYS.index(key)] if each in places and places[each].level]
    at, level = (before[-1].end, before[-1].level) if before else (len(lines), USUAL_LEVEL)
    new = [f"{'#' * level} {section.title}", "", *_lines_of(text)]
    return [*_framed(lines[:at] if any(lines) else [], new, lines[at:])]


def _framed(before: Sequence[str], text: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """`text` with one blank line above and below; the last line ends with a line break."""
    yield from before
    if before and before[-1].strip():
        yield ""
    yield from text
    if not after or after[0].strip():
        yield ""
    yield from after


def _lines_of(text: str) -> list[str]:
    return text.split("\n") if text else []


def _trimmed(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    return "\n".join(lines)
