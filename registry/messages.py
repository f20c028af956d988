"""Every text that people read about failures and checks, by message id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.template.defaultfilters import filesizeformat
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class Message:
    """`title` says what happened in a line; `body` why, and what to do. Both take `%(name)s` placeholders.

    Parameters whose names end in `_bytes` are shown as sizes; a lazy plural chooses its form by its parameter.
    """

    title: StrOrPromise
    body: StrOrPromise = ""


UNKNOWN = Message(
    _("Something went wrong."),
    _("The portal has recorded it as “%(code)s”. Try again; if it stays, tell an operator this code."),
)
ISOLATE, END_OF_ISOLATE = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
_MESSAGES: dict[str, Message] = {}


def register_messages(messages: Mapping[str, Message]) -> None:
    """Add an app's texts; an id may be defined once."""
    clash = _MESSAGES.keys() & messages.keys()
    if clash and any(_MESSAGES[key] is not messages[key] for key in clash):
        raise ValueError(f"message ids defined twice: {sorted(clash)}")
    _MESSAGES.update(messages)


def message(code: str, params: Mapping[str, object] | None = None) -> Message:
    """The texts for an id, filled in. An unknown id gives a general text that names it."""
    found = _MESSAGES.get(code, UNKNOWN)
    values = _Lenient({**{key: _shown(key, value) for key, value in (params or {}).items()}, "code": code})
    try:
        # Filled in before it becomes a string: a lazy plural chooses its form by the values.
        return Message(str(found.title % values), str(found.body % values))
    except TypeError:  # a plural without its number; the page that reports another failure must not break
        return Message(str(UNKNOWN.title), str(UNKNOWN.body % values))


def message_alone(code: str) -> Message:
    """The texts for an id whose parameters were not kept: a part that needs one is left out."""
    found = _MESSAGES.get(code, UNKNOWN)
    return Message(_needing_nothing(found.title), _needing_nothing(found.body))


def _needing_nothing(text: StrOrPromise) -> str:
    try:
        whole = str(text)
    except KeyError:  # a lazy plural
        return ""
    return "" if "%(" in whole else whole.replace("%%", "%")


def known_codes() -> frozenset[str]:
    """Every registered id."""
    return frozenset(_MESSAGES)


def _shown(key: str, value: object) -> object:
    """Sizes, which parameters ending in `_bytes` are, as people read them; names and code keep their own direction."""
    if key.endswith("_bytes") and isinstance(value, int):
        return filesizeformat(value)
    # In a right-to-left sentence, "model.onnx" next to other Latin text would change places with it.
    return f"{ISOLATE}{value}{END_OF_ISOLATE}" if isinstance(value, str) and get_language_bidi() else value


class _Lenient(dict[str, object]):
    """A missing parameter shows as its name instead of breaking the page that reports another failure."""

    def __missing__(self, key: str) -> str:
        return key
