"""The readable text of an edit summary."""

from __future__ import annotations

import re

_MARKUP = re.compile(
    r"%\(\w+\)[a-z]"  # a value that the bot fills in
    r"|\{\{[^{}]*\}\}"  # templates and plural rules
    r"|/\*[^*]*\*/"  # the section that MediaWiki puts in front
    r"|https?://\S+"
    r"|<[^>]+>"
    r"|\[\[|\]\]|'{2,}"
)
_SPACES = re.compile(r"\s+")


def plain_text(summary: str) -> str:
    """The summary without markup, placeholders and addresses, which say nothing about its language."""
    return _SPACES.sub(" ", _MARKUP.sub(" ", summary)).strip()
