"""Model cards: YAML front matter and Markdown in, sections and safe HTML out."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from registry.card_outline import NumberedLine, headings, visible_lines
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
    source = checked_text(source, limit=settings.LIMITS["card_max_bytes"], field=FIELD)
    yaml_text, body, _first_line = split_front_matter(source)
    front_matter = read_front_matter(yaml_text)
    lines = list(visible_lines(body.split("\n")))
    text = "\n".join(line for _number, line in lines)
    return Card(front_matter, text.strip("\n") + "\n", _sections(lines))


def render_card(source: str) -> SafeString:
    """Safe HTML of a card's body; at most 2 s of another process's time. Raises `UserError` for a card to mend."""
    return _render(parse_card(source).body, field=FIELD)


def render_comment(source: str, *, field: str = "comment") -> SafeString:
    """Safe HTML of a review comment of at most 5 kB, by the same rules."""
    return _render(checked_text(source, limit=COMMENT_MAX_BYTES, field=field), field=field)


def render_message(source: str, *, field: str) -> SafeString:
    """Safe HTML of a message about a model, of at most 20 kB, by the same rules."""
    return _render(checked_text(source, limit=settings.LIMITS["card_max_bytes"], field=field), field=field)


def checked_text(source: str, *, limit: int, field: str) -> str:
    """The text with plain line breaks, if it is text and short enough; else a `UserError`."""
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


def _sections(lines: Sequence[NumberedLine]) -> tuple[Section, ...]:
    """The sections of the lines that show, whose numbers are those of the whole body."""
    outline = list(headings(lines))
    sections = []
    for at, heading in enumerate(outline):
        end = next((other.start for other in outline[at + 1 :] if other.level <= heading.level), None)
        text = [line for number, line in lines if number >= heading.end and (end is None or number < end)]
        sections.append(Section(heading.title, heading.level, "\n".join(text).strip()))
    return tuple(sections)


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
