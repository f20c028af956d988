"""Texts: each id that the checks use has one, sizes are readable, plurals choose their form."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.utils.functional import Promise

import registry
from registry.messages import Message, message, message_alone, register_messages
from registry.messages_checks import CHECK_MESSAGES

SOURCES = ("answers", "cards", "examples", "front_matter", "licences", "tensors")
CODE = re.compile(r'"((?:answers|card|check|examples|format|introspection|licence|names|runtime|scan|size)\.[a-z_]+)"')
FILE_NAMES = {"licence.txt", "licence.md"}


@pytest.fixture(autouse=True)
def _registered() -> None:
    register_messages(CHECK_MESSAGES)


def codes_used() -> set[str]:
    folder = Path(registry.__file__).parent
    files = [folder / f"{name}.py" for name in SOURCES]
    files += (folder / "checks").glob("*.py")
    return {code for file in files for code in CODE.findall(file.read_text())} - FILE_NAMES


def test_every_id_has_a_text_and_every_text_a_use() -> None:
    assert codes_used() == CHECK_MESSAGES.keys()


def test_every_text_can_be_translated() -> None:
    for text in CHECK_MESSAGES.values():
        assert isinstance(text.title, Promise)
        assert isinstance(text.body, Promise) or text.body == ""


@pytest.mark.parametrize(("count", "title"), [(1, "1 file is refused."), (3, "3 files are refused.")])
def test_plurals_choose_their_form(count: int, title: str) -> None:
    assert message("format.refused", {"count": count}).title == title


def test_sizes_are_shown_as_people_read_them() -> None:
    text = message("size.file", {"size_bytes": 3 << 30, "limit_bytes": 1 << 20}).title
    assert text == "3.0\xa0GB; one file may have 1.0\xa0MB."


def test_a_missing_parameter_breaks_no_page() -> None:
    assert message("size.file").title == "size_bytes; one file may have limit_bytes."
    assert "format.refused" in str(message("format.refused").body)
    for code in CHECK_MESSAGES:
        assert message(code).title


def test_a_text_alone_leaves_out_what_needs_a_parameter() -> None:
    assert message_alone("size.file").title == ""
    assert message_alone("format.refused").title == ""
    assert message_alone("format.refused").body == message("format.refused", {"count": 1}).body
    for code in CHECK_MESSAGES:
        assert "%" not in f"{message_alone(code).title}{message_alone(code).body}".replace("100%", "")


def test_an_unknown_id_is_named() -> None:
    assert "no.such" in str(message("no.such").body)


def test_an_id_has_one_text() -> None:
    with pytest.raises(ValueError, match="defined twice"):
        register_messages({"card.empty": Message("Another")})
