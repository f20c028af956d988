"""Free licences are accepted by their SPDX identifier; others are refused with the clause that stands in the way."""

from __future__ import annotations

import pytest

from registry.errors import UserError
from registry.licences import LICENCES, judge_licence, licence_choices, licence_named


def test_each_licence_is_found_by_its_identifier_in_any_case() -> None:
    for licence in LICENCES:
        assert judge_licence(licence.spdx.lower()) is licence
        assert licence.url.endswith(f"/{licence.spdx}.html")
    assert len({licence.spdx.casefold() for licence in LICENCES}) == len(LICENCES)
    assert len(licence_choices()) == len(LICENCES)


@pytest.mark.parametrize(
    ("identifier", "code"),
    [
        ("", "licence.missing"),
        ("  ", "licence.missing"),
        ("CC-BY-NC-4.0", "licence.non_commercial"),
        ("cc-by-nc-nd-4.0", "licence.non_commercial"),
        ("CC-BY-ND-4.0", "licence.no_derivatives"),
        ("openrail", "licence.use_restrictions"),
        ("creativeml-openrail-m", "licence.use_restrictions"),
        ("bigscience-bloom-rail-1.0", "licence.use_restrictions"),
        ("llama3.1", "licence.use_restrictions"),
        ("gemma", "licence.use_restrictions"),
        ("SSPL-1.0", "licence.not_free"),
        ("BUSL-1.1", "licence.not_free"),
        ("GPL-3.0", "licence.ambiguous"),
        ("GPL-2.0+", "licence.ambiguous"),
        ("MIT OR Apache-2.0", "licence.expression"),
        ("My own", "licence.unknown"),
        ("other", "licence.unknown"),
    ],
)
def test_a_refusal_names_its_reason(identifier: str, code: str) -> None:
    with pytest.raises(UserError) as caught:
        judge_licence(identifier)
    assert (caught.value.code, caught.value.field) == (code, "licence")
    assert licence_named(identifier) is None


def test_an_ambiguous_one_offers_the_two_exact_ones() -> None:
    with pytest.raises(UserError) as caught:
        judge_licence("gpl-3.0")
    assert caught.value.params["only"] == "GPL-3.0-only"
    assert licence_named(str(caught.value.params["or_later"])) is not None
