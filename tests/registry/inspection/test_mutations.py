"""Honest files with random damage: whatever comes out, it is an answer, and it comes soon."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest

from tests.fakes.inspection import inspect_bytes
from tests.registry.inspection.corpus import honest_models

if TYPE_CHECKING:
    from pathlib import Path

LIMIT_SECONDS = 2.0
FILES = honest_models()


def _mutate(data: bytes, chance: random.Random) -> bytes:
    body = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(body)) if body else 0
        match chance.randrange(6):
            case 0 if body:
                body[at] ^= 1 << chance.randrange(8)
            case 1:
                del body[at:]
            case 2:
                del body[at : at + chance.randint(1, 64)]
            case 3:
                body[at:at] = body[at : at + chance.randint(1, 64)]
            case 4:
                body[at : at + 4] = chance.choice([b"\xff" * 4, b"\0" * 4, b"\x80\0\0\0", b"9999", b"[[[[", b"-1 \n"])
            case _:
                body[at : at + 1] = bytes([chance.randrange(256)])
    return bytes(body)


def _check(path: Path, rounds: int, seed: int) -> None:
    chance, data = random.Random(f"{path.name} {seed}"), path.read_bytes()
    for number in range(rounds):
        mutated = _mutate(data, chance)
        started = time.thread_time()
        answer = inspect_bytes(path.name, mutated)
        assert time.thread_time() - started < LIMIT_SECONDS, (path.name, number)
        assert answer.accepted != bool(answer.code)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_damaged_file_gets_an_answer(path: Path) -> None:
    _check(path, 60, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_many_damaged_files_get_answers(path: Path, seed: int) -> None:
    _check(path, 1000, seed=seed)


def test_no_cut_of_a_file_is_the_file() -> None:
    """Formats whose end is announced notice every missing byte."""
    for path in FILES:
        if path.suffix in {".skops", ".npz", ".npy", ".ubj", ".safetensors", ".onnx"}:
            data = path.read_bytes()
            for size in range(1, len(data), max(1, len(data) // 40)):
                if path.suffix != ".onnx":
                    assert not inspect_bytes(path.name, data[:size]).accepted, (path.name, size)
