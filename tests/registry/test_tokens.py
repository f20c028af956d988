from __future__ import annotations

import string
from itertools import product

import pytest

from registry.tokens import PREFIX, bearer_secret, digest_of, hint_of, is_well_formed, new_secret


def test_a_new_secret_is_well_formed_and_never_the_same() -> None:
    made = {new_secret() for _ in range(200)}

    assert len(made) == 200
    assert all(is_well_formed(secret) for secret in made)
    assert {len(secret) for secret in made} == {len(PREFIX) + 49}


def test_a_slip_of_one_character_is_noticed() -> None:
    secret = new_secret()
    slips = [
        secret[:at] + other + secret[at + 1 :]
        for at, other in product(range(len(PREFIX), len(secret)), string.ascii_letters + string.digits)
        if secret[at] != other
    ]

    assert not any(map(is_well_formed, slips))


@pytest.mark.parametrize("text", ["", "mcpat_", "mcpat_" + "0" * 48, "x" * 55, "mcpat_" + "é" * 49, "\0" * 55])
def test_what_is_no_token_is_told_apart(text: str) -> None:
    assert not is_well_formed(text)


def test_what_is_shown_and_stored_does_not_give_the_secret() -> None:
    secret = new_secret()

    assert secret.startswith(hint_of(secret))
    assert len(hint_of(secret)) < 16
    assert secret[len(hint_of(secret)) :] not in digest_of(secret)


@pytest.mark.parametrize(
    ("header", "secret"),
    [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", ""), ("Bearer", ""), ("", ""), ("abc", "")],
)
def test_header(header: str, secret: str) -> None:
    assert bearer_secret(header) == secret
