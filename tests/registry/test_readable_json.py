from __future__ import annotations

import json

import pytest

from registry.readable_json import readable_json


@pytest.mark.parametrize(
    "value",
    [
        {"inputs": [{"name": "x", "shape": [1, 3], "data": [1.5, None, True]}]},
        {"a": {}, "b": [], "c": [[1, 2], [3]], "d": 'quote " and [bracket, {brace}'},
        list(range(500)),
        "text",
        {"é": "naïve\n"},
    ],
)
def test_reads_back_as_the_same_value(value: object) -> None:
    assert json.loads(readable_json(value)) == value


def test_plain_lists_stand_on_one_line_and_long_ones_are_broken() -> None:
    assert readable_json({"shape": [1, 13]}) == '{\n  "shape": [1, 13]\n}'
    lines = readable_json(list(range(500))).splitlines()
    assert len(lines) > 10
    assert max(map(len, lines)) <= 110
