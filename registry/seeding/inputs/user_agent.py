"""Thirteen counts that describe a User-Agent header."""

from __future__ import annotations

import re
from collections.abc import Callable

_SELF_NAMED = re.compile(r"bot|crawl|spider|slurp|scan|fetch|monitor|check|preview", re.IGNORECASE)
_CONTACT = re.compile(r"https?:|www\.|\+|@", re.IGNORECASE)
_ENGINE = re.compile(r"AppleWebKit/|Gecko/|Trident/|Presto/")
_SYSTEM = re.compile(r"Windows NT|Macintosh|X11|Android|iPhone|iPad|CrOS")
_LIBRARY = re.compile(r"python|java/|curl|wget|go-http|ruby|perl|php|okhttp|axios|node|headless", re.IGNORECASE)

FEATURES: dict[str, Callable[[str], float]] = {
    "length": len,
    "words": lambda text: len(text.split()),
    "digits": lambda text: sum(char.isdigit() for char in text),
    "capitals": lambda text: sum(char.isupper() for char in text),
    "slashes": lambda text: text.count("/"),
    "semicolons": lambda text: text.count(";"),
    "brackets": lambda text: text.count("("),
    "starts_as_mozilla": lambda text: float(text.startswith("Mozilla/")),
    "names_an_engine": lambda text: len(_ENGINE.findall(text)),
    "names_a_system": lambda text: len(_SYSTEM.findall(text)),
    "names_a_robot": lambda text: len(_SELF_NAMED.findall(text)),
    "names_a_library": lambda text: len(_LIBRARY.findall(text)),
    "gives_a_contact": lambda text: len(_CONTACT.findall(text)),
}


def features(user_agent: str) -> list[float]:
    """The thirteen counts, in the order of `FEATURES`."""
    return [float(measure(user_agent)) for measure in FEATURES.values()]
