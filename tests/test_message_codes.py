"""Every message id that the code can show has a text, and the text names what its parameters give."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from registry import messages
from registry.messages import known_codes
from tests.architecture import Source, called_name, calls, project

CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*(\.[a-z0-9_]+)+")
NAMING = {"code", "reason", "error_code"}
# Answers to a server's operator or to the log; no page and no client reads them as message ids.
APART = ("registry.seeding.recipes", "deployer.runtimes.server")


def codes_in(sources: Sequence[Source]) -> Iterator[tuple[str, str]]:
    """(place, id) of each id that an error, a verdict or an event names literally."""
    for source in sources:
        if source.within(*APART):
            continue
        for call in calls(source):
            named = [keyword.value for keyword in call.keywords if keyword.arg in NAMING]
            if called_name(call).endswith("Error"):
                named += call.args[:1]
            for value in named:
                for text in literals(value):
                    if CODE.fullmatch(text):
                        yield f"{source.path}:{call.lineno}", text


def literals(value: ast.expr) -> Iterator[str]:
    """The strings that the expression may be: itself, or either side of `a if b else c` and `a or b`."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.IfExp):
        yield from literals(value.body)
        yield from literals(value.orelse)
    elif isinstance(value, ast.BoolOp):
        for part in value.values:
            yield from literals(part)


def test_every_code_has_a_text() -> None:
    found = list(codes_in(project()))

    assert len({code for _place, code in found}) > 80, "the search finds what is there"
    assert [(place, code) for place, code in found if code not in known_codes()] == []


def test_a_code_without_a_text_would_be_found() -> None:
    source = Source(
        "registry/x.py", "raise UserError('no.such_text' if a else 'rights.submit')\nFinding(code='no.other')"
    )

    assert {code for _, code in codes_in([source])} - known_codes() == {"no.such_text", "no.other"}


def test_every_right_that_guards_a_page_has_a_text() -> None:
    asked = {
        getattr(argument, "id", getattr(argument, "attr", ""))
        for source in project()
        for call in calls(source)
        if called_name(call) == "requires"
        for argument in call.args
    }

    assert asked
    assert {f"rights.{name}" for name in asked} <= known_codes()


def test_errors_bring_what_their_texts_show() -> None:
    """A parameter that is missing would show as its bare name."""
    missing = [
        (f"{source.path}:{call.lineno}", code, sorted(lacking))
        for source in project()
        if not source.within(*APART)
        for call in calls(source)
        if called_name(call).endswith("Error") and all(keyword.arg for keyword in call.keywords)
        for code in map(str, (text for value in call.args[:1] for text in literals(value)))
        if code in known_codes() and (lacking := placeholders(code) - {k.arg for k in call.keywords} - {"code"})
    ]

    assert missing == []


def placeholders(code: str) -> set[str]:
    text = messages._MESSAGES[code]
    return set(re.findall(r"%\((\w+)\)", f"{text.title} {text.body}"))
