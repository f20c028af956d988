from __future__ import annotations

import pytest

from registry.names import suggested_name, validate_name


def suggest(*wanted: str | None, taken: tuple[str, ...] = ()) -> str:
    return suggested_name(wanted, is_free=lambda name: name not in taken)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("Amina Diallo", "amina-diallo"),
        ("amina@example.org", "amina"),
        ("Åsa Öström_2", "asa-ostrom-2"),
        ("42 is the answer", "is-the-answer"),
        ("--x--y--", "x-y"),
        ("ليلى", "contributor"),
        ("x", "contributor"),
        ("", "contributor"),
        (None, "contributor"),
        ("a" * 80, "a" * 39),
        ("a" * 38 + "-b", "a" * 38),
    ],
)
def test_a_name_of_elsewhere_becomes_one_that_is_allowed(wanted: str | None, expected: str) -> None:
    name = suggest(wanted)
    validate_name(name)
    assert name == expected


def test_the_first_usable_text_counts() -> None:
    assert suggest("ليلى", "Laila H.") == "laila-h"


def test_a_taken_name_gets_the_next_number() -> None:
    assert suggest("Amina", taken=("amina", "amina-2")) == "amina-3"
    long = "a" * 39
    assert suggest(long, taken=(long,)) == "a" * 37 + "-2"
