from __future__ import annotations

import pytest

from registry.interfaces import Introspection, TensorInfo
from registry.signature import signature_changes

ROW = TensorInfo(name="x", datatype="FP32", shape=(-1, 4))
ANSWER = TensorInfo(name="y", datatype="FP32", shape=(-1, 3))
OLD = Introspection(inputs=(ROW,), outputs=(ANSWER,))


def tensor(name: str, datatype: str = "FP32", shape: tuple[int, ...] = (-1, 4)) -> TensorInfo:
    return TensorInfo(name=name, datatype=datatype, shape=shape)


@pytest.mark.parametrize(
    ("inputs", "outputs", "changes"),
    [
        ((ROW,), (ANSWER,), []),
        ((), (ANSWER,), []),
        ((ROW, tensor("z")), (ANSWER,), [("z", "added", True)]),
        ((tensor("z"),), (ANSWER,), [("x", "removed", True), ("z", "added", True)]),
        ((tensor("x", "FP64"),), (ANSWER,), [("x", "changed", True)]),
        ((tensor("x", shape=(-1, 5)),), (ANSWER,), [("x", "changed", True)]),
        ((tensor("x", shape=(-1, -1)),), (ANSWER,), [("x", "changed", False)]),
        ((tensor("x", shape=(1, 4)),), (ANSWER,), [("x", "changed", True)]),
        ((tensor("x", shape=(4,)),), (ANSWER,), [("x", "changed", True)]),
        ((ROW,), (ANSWER, tensor("p")), [("p", "added", False)]),
        ((ROW,), (tensor("p"),), [("y", "removed", True), ("p", "added", False)]),
        ((ROW,), (tensor("y", shape=(1, 3)),), [("y", "changed", False)]),
        ((ROW,), (tensor("y", shape=(-1, -1)),), [("y", "changed", True)]),
    ],
)
def test_what_callers_of_the_old_version_would_notice(
    inputs: tuple[TensorInfo, ...], outputs: tuple[TensorInfo, ...], changes: list[tuple[str, str, bool]]
) -> None:
    found = signature_changes(OLD, Introspection(inputs=inputs, outputs=outputs))

    assert [(change.name, change.kind, change.breaking) for change in found] == changes
