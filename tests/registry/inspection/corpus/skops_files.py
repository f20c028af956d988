"""skops archives that name what must not be called, or lie about what they hold."""

from __future__ import annotations

import itertools
import json
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from tests.registry.inspection.corpus.pickles import call, npy, pack
from tests.registry.inspection.corpus.sample import Sample, honest

Node = dict[str, Any]
_ids = itertools.count(1)


def node(loader: str, module: str, name: str, **parts: Any) -> Node:
    return {"__class__": name, "__module__": module, "__loader__": loader, "__id__": next(_ids), **parts}


def text(value: Any) -> Node:
    return node("JsonNode", "builtins", "str", content=json.dumps(value), is_json=True)


def mapping(**values: Node) -> Node:
    keys = node("ListNode", "builtins", "list", content=[node("TypeNode", "builtins", "str") for _ in values])
    return node("DictNode", "builtins", "dict", content=values, key_types=keys)


def items(*values: Node, kind: str = "tuple") -> Node:
    return node("TupleNode" if kind == "tuple" else "ListNode", "builtins", kind, content=list(values))


def estimator(**attributes: Node) -> Node:
    return node("ObjectNode", "sklearn.linear_model._logistic", "LogisticRegression", content=mapping(**attributes))


def archive(root: Node, members: dict[str, bytes] | None = None, **extra: Any) -> bytes:
    schema = json.dumps({**root, "protocol": 2, "_skops_version": "0.16.0", **extra})
    return pack({**(members or {}), "schema.json": schema.encode()})


def edited(name: str, edit: Callable[[Any], None]) -> bytes:
    """An honest archive whose schema is changed by `edit`."""
    with zipfile.ZipFile(BytesIO(honest(name))) as source:
        members = {entry: source.read(entry) for entry in source.namelist()}
    schema = json.loads(members["schema.json"])
    edit(schema)
    return pack({**members, "schema.json": json.dumps(schema).encode()})


def samples(marker: Path) -> Iterator[Sample]:
    for name, data in {**_calls(f"touch {marker}"), **_lies(), **_trees()}.items():
        yield Sample(f"skops {name}", f"{name.replace(' ', '-')}.skops", data)


def _calls(command: str) -> dict[str, bytes]:
    system = node("FunctionNode", "os", "system")
    wrapped = estimator(a=text(1))
    array = node("NdArrayNode", "numpy", "ndarray", type="numpy", file="1.npy")
    generator_state = mapping(bit_generator=text("seed"))
    return {
        "FunctionNode os.system": archive(estimator(func=system)),
        "FunctionNode posix.system": archive(estimator(func=node("FunctionNode", "posix", "system"))),
        "FunctionNode sklearn.externals": archive(
            estimator(func=node("FunctionNode", "sklearn.utils.fixes", "parse_version"))
        ),
        "FunctionNode numpy.load": archive(estimator(func=node("FunctionNode", "numpy", "load"))),
        "TypeNode subprocess.Popen": archive(estimator(kind=node("TypeNode", "subprocess", "Popen"))),
        "TypeNode builtins.eval": archive(estimator(kind=node("TypeNode", "builtins", "eval"))),
        "PartialNode": archive(
            estimator(
                func=node(
                    "PartialNode", "functools", "partial",
                    content={"func": system, "args": items(text(command)), "kwds": mapping(), "namespace": text(None)},
                )
            )
        ),
        "MethodNode": archive(
            node(
                "MethodNode", "sklearn.linear_model._logistic", "LogisticRegression",
                content={"func": "fit", "obj": wrapped},
            )
        ),
        "OperatorFuncNode": archive(
            estimator(func=node("OperatorFuncNode", "operator", "methodcaller", attrs=items(text("system"))))
        ),
        "ConstructorFromReduceNode": archive(
            node("ConstructorFromReduceNode", "subprocess", "Popen", content=items(text(command)))
        ),
        "ObjectNode pathlib": archive(node("ObjectNode", "pathlib", "PosixPath", content=mapping())),
        "ObjectNode by prefix": archive(node("ObjectNode", "sklearn.utils.parallel", "Parallel", content=mapping())),
        "DictNode of another class": archive(
            node("DictNode", "os", "_Environ", content={}, key_types=items(kind="list"))
        ),
        "LossNode of another class": archive(
            node("LossNode", "subprocess", "Popen", content=mapping(), __reduce__={"args": items(text(command))})
        ),
        "generator that seeds": archive(
            estimator(
                rng=node(
                    "RandomGeneratorNode", "numpy.random._generator", "Generator",
                    content={"bit_generator": generator_state, "seed_seq": mapping()},
                )
            )
        ),
        "quantile forest": archive(node("QuantileForestNode", "quantile_forest", "QuantileForest", content=mapping())),
        "object array": archive(estimator(coef=array), {"1.npy": npy("'|O'", call("os", "system", (command,)))}),
        "pickle member": archive(estimator(a=text(1)), {"data.pkl": call("os", "system", (command,))}),
        "bytes member": archive(
            estimator(raw=node("BytesNode", "builtins", "bytes", file="1.bin")),
            {"1.bin": call("os", "system", (command,))},
        ),
    }  # fmt: skip


def _lies() -> dict[str, bytes]:
    array = node("NdArrayNode", "numpy", "ndarray", type="numpy", file="1.npy")
    two = [estimator(a=text(1)), estimator(a=text(2))]
    two[1]["__id__"] = two[0]["__id__"]
    deep: Node = text(1)
    for _ in range(150):
        deep = items(deep)
    honest_root = estimator(a=text(1))
    twice = json.dumps({**honest_root, "protocol": 2}).replace('"protocol": 2', '"protocol": 2, "protocol": 0')
    return {
        "protocol 0": archive(honest_root, protocol=0),
        "protocol true": archive(honest_root, protocol=True),
        "protocol 9": archive(honest_root, protocol=9),
        "no schema": pack({"1.npy": honest("table.npy")}),
        "schema that is a list": pack({"schema.json": b"[]"}),
        "key twice": pack({"schema.json": twice.encode()}),
        "same id": archive(items(*two)),
        "no id": archive({key: value for key, value in honest_root.items() if key != "__id__"}),
        "unknown key": archive({**honest_root, "hook": "os.system"}),
        "missing member": archive(estimator(coef=array)),
        "unused member": archive(honest_root, {"1.npy": honest("table.npy")}),
        "deep": archive(deep),
        "json in json": archive(estimator(a=node("JsonNode", "builtins", "str", content="[" * 100_000, is_json=True))),
        "member of another kind": archive(honest_root, {"model.onnx": honest("layer.onnx")}),
        "vectorizer that reads files": edited("edit-text.skops", _read_files),
    }


def _read_files(schema: Any) -> None:
    vectorizer = schema["content"]["content"]["steps"]["content"][0]["content"][1]
    vectorizer["content"]["content"]["input"]["content"] = '"filename"'


def _trees() -> dict[str, bytes]:
    """Honest trees whose node arrays point outside, loop, or disagree with their counts."""
    found = {}
    with zipfile.ZipFile(BytesIO(honest("iris-forest.skops"))) as source:
        members = {entry: source.read(entry) for entry in source.namelist()}
    schema = json.loads(members["schema.json"])
    tree = schema["content"]["content"]["estimators_"]["content"][0]["content"]["content"]["tree_"]
    name = tree["content"]["content"]["nodes"]["file"]
    for case, offset, value in (("child outside", 0, 10_000), ("child loops", 0, 0), ("feature outside", 16, 99)):
        body = bytearray(members[name])
        at = body.index(b"\n") + 1 + offset
        body[at : at + 8] = value.to_bytes(8, "little")
        found[f"tree {case}"] = pack({**members, name: bytes(body)})
    tree["content"]["content"]["node_count"]["content"] = "1000"
    found["tree count"] = pack({**members, "schema.json": json.dumps(schema).encode()})
    return found
