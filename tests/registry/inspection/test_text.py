"""Side files: what is ordinary text, and what only looks like it."""

from __future__ import annotations

import pickle
from collections import OrderedDict

import pytest

from registry.inspection.pickles import is_pickle
from tests.fakes.inspection import inspect_bytes

HONEST = {
    "README.md": b"# Title\n\nText with *marks*, \ttabs and \xe2\x82\xac.\n",
    "windows.txt": b"\xef\xbb\xbfline\r\nline\r\n",
    "LICENSE": b"Node.js is licensed for use as follows:\n",
    "NOTICE": b"Portions Copyright (c) Somebody\ncis not\nos system.\n",
    "AUTHORS": b"I. Newton\nc. darwin\nR. Franklin.\n",
    "settings.yaml": b"version: 1\nvalues: [1, 2]\n",
    "table.csv": b"a,b\n1,2\n",
    "package.json": b'{"version": "1.0", "learner": 3}',
    "labels.json": b'["good", "bad"]',
    "number.json": b"3",
}


@pytest.mark.parametrize("name", HONEST)
def test_ordinary_text_passes(name: str) -> None:
    answer = inspect_bytes(name, HONEST[name])

    assert (answer.accepted, answer.code, answer.model_format) == (True, "", "")


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_that_names_a_class_is_recognised(protocol: int) -> None:
    assert is_pickle(pickle.dumps(OrderedDict(a=[1, 2.5, "x", None, True, -(1 << 70)]), protocol=protocol))


@pytest.mark.parametrize(
    "data", [b"", b".", b"N.", b"(lp0\n.", b"cos", b"cos\nsys tem\n.", b"Node.", b"c1\n2\n.", b"\x80"]
)
def test_what_finds_nothing_is_no_pickle_to_fear(data: bytes) -> None:
    assert not is_pickle(data)
