"""Model cards: YAML front matter and Markdown in, sections and safe HTML out."""

from __future__ import annotations

import logging
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from registry.card_renderer import EXIT_TOO_COMPLEX
from registry.card_template import CARD_TEMPLATE, card_template
from registry.errors import OperatorError, TransientError, UserError
from registry.front_matter import FIELD, read_front_matter, split_front_matter

__all__ = [
    "CARD_TEMPLATE",
    "Card",
    "Section",
    "card_template",
    "parse_card",
    "render_card",
    "render_comment",
    "render_message",
]

logger = logging.getLogger(__name__)
COMMENT_MAX_BYTES = 5_000
MAX_HTML_BYTES = 512_000
# The child's own limit is 2 s of CPU time; this one only catches a machine too busy to give it that.
WALL_SECONDS = 8.0
_RENDERER = Path(__file__).with_name("card_renderer.py")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*))?$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_NO_PARAGRAPH = re.compile(r"\s*$| {4}|\t| {0,3}(?:[-+*>|]|\d{1,9}[.)])")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with the text below it, down to the next heading of its own or a higher level."""

    title: str
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Card:
    """A parsed card. `front_matter` holds text, lists and mappings; `body` is Markdown without the prompts."""

    front_matter: Mapping[str, Any]
    body: str
    sections: tuple[Section, ...]


def parse_card(source: str) -> Card:
    """The parts of a card. Raises `UserError` with the field and the `line` at fault."""
    source = _checked(source, limit=settings.LIMITS["card_max_bytes"], field=FIELD)
    yaml_text, body, _first_line = split_front_matter(source)
    front_matter = read_front_matter(yaml_text)
    lines = list(_without_comments(body.splitlines()))
    return Card(front_matter, "\n".join(lines).strip("\n") + "\n", _sections(lines))


def render_card(source: str) -> SafeString:
    """Safe HTML of a card's body; at most 2 s of another process's time. Raises `UserError` for a card to mend."""
    return _render(parse_card(source).body, field=FIELD)


def render_comment(source: str, *, field: str = "comment") -> SafeString:
    """Safe HTML of a review comment of at most 5 kB, by the same rules."""
    return _render(_checked(source, limit=COMMENT_MAX_BYTES, field=field), field=field)


def render_message(source: str, *, field: str) -> SafeString:
    """Safe HTML of a message about a model, of at most 20 kB, by the same rules."""
    return _render(_checked(source, limit=settings.LIMITS["card_max_bytes"], field=field), field=field)


def _checked(source: str, *, limit: int, field: str) -> str:
    source = source.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    try:
        size = len(source.encode())
    except UnicodeEncodeError:
        raise UserError("card.not_text", field=field) from None
    if "\0" in source:
        raise UserError("card.not_text", field=field)
    if size > limit:
        raise UserError("card.too_large", field=field, size=size, limit=limit)
    return source


def _without_comments(lines: list[str]) -> Iterator[str]:
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
        yield line


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


def _sections(lines: list[str]) -> tuple[Section, ...]:
    headings = list(_headings(lines))
    sections = []
    for at, (_start, end, level, title) in enumerate(headings):
        following = (start for start, _end, other, _title in headings[at + 1 :] if other <= level)
        sections.append(Section(title, level, "\n".join(lines[end : next(following, len(lines))]).strip()))
    return tuple(sections)


def _headings(lines: list[str]) -> Iterator[tuple[int, int, int, str]]:
    """(first line, line after it, level, title) of each heading outside code, in both of Markdown's spellings."""
    fence = ""
    for number, line in enumerate(lines):
        was_open, fence = bool(fence), _fence_after(line, fence)
        if was_open or fence:
            continue
        if found := _HEADING.match(line):
            yield number, number + 1, len(found[1]), (found[2] or "").strip().rstrip("#").strip()
        elif (found := _UNDERLINE.match(line)) and number and _is_paragraph(lines[number - 1]):
            yield number - 1, number + 1, 1 if found[1][0] == "=" else 2, lines[number - 1].strip()


def _is_paragraph(line: str) -> bool:
    return not (_NO_PARAGRAPH.match(line) or _HEADING.match(line) or _FENCE.match(line) or _UNDERLINE.match(line))


def _render(markdown: str, *, field: str) -> SafeString:
    command = [sys.executable, "-I", str(_RENDERER), str(MAX_HTML_BYTES)]
    try:
        child = subprocess.run(  # noqa: S603  # a fixed program of ours; the text arrives on stdin
            command, input=markdown.encode(), capture_output=True, timeout=WALL_SECONDS, env={}, check=False
        )
    except subprocess.TimeoutExpired:
        raise TransientError("card.renderer_busy", field=field) from None
    if child.returncode == 0:
        return mark_safe(child.stdout.decode())  # noqa: S308  # the child's output has passed the allow-list
    if child.returncode in {-signal.SIGXCPU, -signal.SIGKILL}:
        raise UserError("card.too_slow", field=field)
    if child.returncode == EXIT_TOO_COMPLEX:
        raise UserError("card.too_complex", field=field)
    logger.error("card renderer ended with %s: %s", child.returncode, child.stderr[-2000:].decode(errors="replace"))
    raise OperatorError("card.renderer_failed", field=field)
