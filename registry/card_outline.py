"""The lines of a card's Markdown that readers see, and the headings among them. Lines are counted from 0."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

NumberedLine = tuple[int, str]

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*))?$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_NO_PARAGRAPH = re.compile(r"\s*$| {4}|\t| {0,3}(?:[-+*>|]|\d{1,9}[.)])")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of Markdown's level 1 to 6: its first line, and the line after its last one."""

    start: int
    end: int
    level: int
    title: str


def visible_lines(lines: Sequence[str]) -> Iterator[NumberedLine]:
    """The lines without HTML comments that begin a line, which is what prompts are; code blocks stay as they are."""
    last_close = max((number for number, line in enumerate(lines) if "-->" in line), default=-1)
    fence, inside = "", False
    for number, line in enumerate(lines):
        if inside:
            inside = "-->" not in line
            continue
        fence = _fence_after(line, fence)
        # A comment that nobody closed is text, so that a slip of the pen cannot hide the rest of the card.
        if not fence and line.lstrip().startswith("<!--") and number <= last_close:
            inside = "-->" not in line
            continue
        yield number, line


def headings(lines: Sequence[NumberedLine]) -> Iterator[Heading]:
    """The headings outside code, in both of Markdown's spellings."""
    fence = ""
    for at, (number, line) in enumerate(lines):
        was_open, fence = bool(fence), _fence_after(line, fence)
        if was_open or fence:
            continue
        if found := _HEADING.match(line):
            yield Heading(number, number + 1, len(found[1]), (found[2] or "").strip().rstrip("#").strip())
        elif (found := _UNDERLINE.match(line)) and at and _is_paragraph(lines[at - 1][1]):
            start, text = lines[at - 1]
            yield Heading(start, number + 1, 1 if found[1][0] == "=" else 2, text.strip())


def _fence_after(line: str, fence: str) -> str:
    """The code fence that is open after this line, "" for none."""
    found = _FENCE.match(line)
    if not found:
        return fence
    marks = found[1]
    if not fence:
        return marks
    closes = marks[0] == fence[0] and len(marks) >= len(fence) and not line[found.end() :].strip()
    return "" if closes else fence


def _is_paragraph(line: str) -> bool:
    return not (_NO_PARAGRAPH.match(line) or _HEADING.match(line) or _FENCE.match(line) or _UNDERLINE.match(line))
