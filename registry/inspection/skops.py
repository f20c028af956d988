"""skops archives: `schema.json` describes a tree of nodes, and only nodes that build plain data pass.

The node kinds follow skops 0.16, protocol 2. Every class and function is on the lists of `skops_types`; the kinds that
call what a file names (`MethodNode`, `PartialNode`, `OperatorFuncNode`, `ConstructorFromReduceNode`) are unknown here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from registry.inspection import skops_types
from registry.inspection.bounded_json import load_json
from registry.inspection.npy import ArrayHeader, inspect_npz, read_member_header
from registry.inspection.skops_encoders import Encoders
from registry.inspection.skops_nodes import Headers, Members, Node, attributes_of, content_of
from registry.inspection.skops_sparse import check_sparse, open_nested
from registry.inspection.skops_summary import summarise
from registry.inspection.skops_trees import (
    check_boosting,
    check_histogram,
    check_neighbours,
    check_predictor,
    check_tree,
)
from registry.inspection.source import Source
from registry.inspection.verdicts import RefusedError, shown
from registry.inspection.zip_rules import STORED, Member, read_members
from registry.interfaces import Introspection

PROTOCOL = 2
MAX_SCHEMA = 256 << 20
MAX_SCHEMA_DEPTH = 200
MAX_SCHEMA_TOKENS = 20_000_000
SCHEMA = "schema.json"

_COMMON = {"__class__", "__module__", "__loader__", "__id__"}
_ROOT = {"protocol", "_skops_version"}
_SCALAR = re.compile(r'null|true|false|NaN|-?Infinity|-?\d{1,400}(?:\.\d{1,400})?(?:[eE][-+]?\d{1,4})?|"[^"\\]*"')
_BEST = 'skops.io.dump(search.best_estimator_, "model.skops")'
_MAX_JSON_TEXT = 1 << 20
_MAX_JSON_DEPTH = 8


def inspect_skops(source: Source) -> Introspection:
    """Accept an archive whose tree is known through and through, and whose arrays hold numbers or text."""
    members = {member.name: member for member in read_members(source)}
    if SCHEMA not in members:
        raise RefusedError("gate.skops_schema")
    schema = load_json(members.pop(SCHEMA).read(MAX_SCHEMA), max_depth=MAX_SCHEMA_DEPTH, max_tokens=MAX_SCHEMA_TOKENS)
    arrays = {name: _check_member(member) for name, member in members.items()}
    if not isinstance(schema, dict) or schema.get("protocol") != PROTOCOL or isinstance(schema.get("protocol"), bool):
        found = schema.get("protocol") if isinstance(schema, dict) else None
        raise RefusedError("gate.skops_protocol", protocol=shown(str(found)), expected=PROTOCOL)
    _Walk(arrays, members).check(schema)
    return summarise(schema, arrays, members)


def _check_member(member: Member) -> ArrayHeader | None:
    """Check one array of the archive whole; a sparse matrix is an archive of its own and has no single header."""
    if member.name.endswith(".npy"):
        return read_member_header(member)
    if member.name.endswith(".npz"):
        inspect_npz(open_nested(member))
        if member.method == STORED:
            _drain(member)
        return None
    raise RefusedError("gate.skops_member", member=shown(member.name))


def _drain(member: Member) -> None:
    for _ in member.chunks():
        pass


class _Walk:
    """One pass over the tree, without recursion, since its depth is the uploader's choice."""

    def __init__(self, arrays: Headers, members: Members) -> None:
        self._arrays = arrays
        self._members = members
        self._encoders = Encoders(arrays, members)
        self._used: set[str] = set()
        self._by_id: dict[int, Node] = {}
        self._todo: list[tuple[Any, Node]] = []
        self._owner: Node = {}

    def check(self, root: Node) -> None:
        self._node(root, _ROOT)
        while self._todo:
            node, self._owner = self._todo.pop()
            self._node(node, set())
        unused = set(self._arrays) - self._used
        if unused:
            raise RefusedError("gate.skops_member", member=shown(min(unused)))

    def _node(self, node: Any, extra: set[str]) -> None:
        if not isinstance(node, dict):
            raise RefusedError("gate.skops_schema")
        loader = node.get("__loader__")
        rule = _RULES.get(loader) if isinstance(loader, str) else None
        if rule is None:
            raise RefusedError("gate.skops_node", node=shown(str(loader)), name=shown(_name(node)))
        keys, names, children = rule
        if not set(node) - extra <= _COMMON | keys:
            raise RefusedError("gate.skops_schema")
        if node.get("__class__") not in names.get(str(node.get("__module__")), ()):
            raise RefusedError("gate.skops_type", advice=_advice(node), name=shown(_name(node)))
        # skops builds one object per id: of two nodes that differ, one would be checked and the other one built.
        if not self._same(self._by_id.setdefault(_id(node), node), node):
            raise RefusedError("gate.skops_id")
        owner = node if loader == "ObjectNode" else self._owner
        self._todo.extend((child, owner) for child in children(self, node))

    def _same(self, one: Any, other: Any) -> bool:
        """Whether two nodes mean the same: equal but for ids, with arrays compared by their bytes."""
        pairs = [(one, other)]
        while pairs:
            a, b = pairs.pop()
            if a == b:
                continue
            if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
                pairs.extend((a[key], b[key]) for key in a if key != "__id__")
            elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
                pairs.extend(zip(a, b, strict=True))
            elif not self._same_bytes(a, b):
                return False
        return True

    def _same_bytes(self, a: Any, b: Any) -> bool:
        one = self._members.get(a) if isinstance(a, str) else None
        other = self._members.get(b) if isinstance(b, str) else None
        if one is None or other is None or (one.size, one.crc) != (other.size, other.crc):
            return False
        return all(left == right for left, right in zip(one.chunks(), other.chunks(), strict=False))

    def array(self, node: Node) -> Iterable[Any]:
        """A numeric array lies in a member; one of Python objects is a list of nodes, each checked like any other."""
        if node.get("type") == "json":
            return [*_items(node.get("content")), node.get("shape")]
        if node.get("type") != "numpy":
            raise RefusedError("gate.skops_schema")
        self._use(node.get("file"), ".npy")
        return ()

    def sparse(self, node: Node) -> Iterable[Any]:
        if node.get("type") != "scipy":
            raise RefusedError("gate.skops_schema")
        name = node.get("file")
        if name not in self._used:
            self._use(name, ".npz")
            check_sparse(self._members[str(name)])
        return ()

    def tree(self, node: Node) -> Iterable[Any]:
        check_tree(node, self._owner, self._arrays, self._members)
        return self.reduced(node)

    def object(self, node: Node) -> Iterable[Any]:
        _check_attributes(node)
        if node["__class__"] == "TreePredictor":
            check_predictor(node, self._owner, self._arrays, self._members)
        if node["__class__"] in skops_types.HISTOGRAMS:
            check_histogram(node)
        if node["__class__"] in skops_types.BOOSTED:
            check_boosting(node, self._arrays)
        if node["__class__"] in skops_types.COLUMN_MAKERS:
            self._encoders.check(node)
        if node["__class__"] in {"KDTree", "BallTree"}:
            check_neighbours(node, self._arrays, self._members)
        if node["__class__"] in skops_types.TEXT_READERS and _setting(node, "input") != '"content"':
            raise RefusedError("gate.skops_reads_files", name=shown(_name(node)))
        return (node["content"],) if "content" in node else ()

    def mapping(self, node: Node) -> Iterable[Any]:
        if len(_key_types(node)) != len(_values(node.get("content"))):
            raise RefusedError("gate.skops_schema")
        return [*_values(node.get("content")), node.get("key_types")]

    def default_mapping(self, node: Node) -> Iterable[Any]:
        return _parts(node, {"main", "default_factory"})

    def masked(self, node: Node) -> Iterable[Any]:
        return _parts(node, {"data", "mask"})

    def items(self, node: Node) -> Iterable[Any]:
        return _items(node.get("content"))

    def single(self, node: Node) -> Iterable[Any]:
        return (node.get("content"),)

    def reduced(self, node: Node) -> Iterable[Any]:
        reduced = node.get("__reduce__")
        if not isinstance(reduced, dict) or set(reduced) != {"args"}:
            raise RefusedError("gate.skops_schema")
        return (node.get("content"), reduced["args"])

    def generator(self, node: Node) -> Iterable[Any]:
        parts = _parts(node, {"bit_generator", "seed_seq"})
        state = node["content"]["bit_generator"]
        name = _setting({"content": state}, "bit_generator")
        if not isinstance(name, str) or name.strip('"') not in skops_types.GENERATORS:
            raise RefusedError("gate.skops_type", name=shown(str(name)))
        return parts

    def text(self, node: Node) -> Iterable[Any]:
        content = node.get("content")
        if not isinstance(content, str) or len(content) > _MAX_JSON_TEXT:
            raise RefusedError("gate.skops_schema")
        if not _SCALAR.fullmatch(content):
            load_json(content.encode("utf-8", "surrogatepass"), max_depth=_MAX_JSON_DEPTH)
        return ()

    def slice(self, node: Node) -> Iterable[Any]:
        content = node.get("content")
        if not isinstance(content, dict) or set(content) != {"start", "stop", "step"}:
            raise RefusedError("gate.skops_schema")
        if not all(value is None or type(value) is int for value in content.values()):
            raise RefusedError("gate.skops_schema")
        return ()

    def leaf(self, _node: Node) -> Iterable[Any]:
        return ()

    def _use(self, name: Any, suffix: str) -> None:
        if not isinstance(name, str) or not name.endswith(suffix) or name not in self._arrays:
            raise RefusedError("gate.skops_member", member=shown(str(name)))
        self._used.add(name)


def _name(node: Node) -> str:
    return f"{node.get('__module__')}.{node.get('__class__')}"


def _id(node: Node) -> int:
    value = node.get("__id__")
    if type(value) is not int:
        raise RefusedError("gate.skops_schema")
    return value


def _key_types(mapping: Node) -> list[Any]:
    """The types of a mapping's keys. Of fewer types than keys skops would leave the last keys out."""
    return _items(content_of(mapping.get("key_types")))


def _check_attributes(node: Node) -> None:
    """An object's attributes have names, and none stands in for a method: what is called is scikit-learn's own."""
    state = node.get("content")
    if not isinstance(state, dict) or state.get("__loader__") != "DictNode":
        return
    if not all(isinstance(kind, dict) and kind.get("__class__") == "str" for kind in _key_types(state)):
        raise RefusedError("gate.skops_schema")
    attributes = state.get("content")
    for name, value in attributes.items() if isinstance(attributes, dict) else ():
        if name not in skops_types.CALLABLE_ATTRIBUTES and isinstance(value, dict) and _callable(value):
            raise RefusedError("gate.skops_type", name=shown(f"{name}={_name(value)}"))
        if node["__module__"] == skops_types.SPLITTERS and _loader(value) not in skops_types.SPLITTER_SETTINGS:
            raise RefusedError("gate.skops_type", advice=_BEST, name=shown(_name(value)))


def _loader(value: Any) -> str:
    return str(value.get("__loader__")) if isinstance(value, dict) else ""


def _advice(node: Node) -> str:
    """What a search drew from and how it divided its data is not needed for predictions."""
    return _BEST if str(node.get("__module__")).startswith(("scipy.stats.", skops_types.SPLITTERS)) else ""


def _callable(value: Node) -> bool:
    if _loader(value) in {"FunctionNode", "TypeNode", "PartialNode"}:
        return True
    return str(value.get("__module__")) in skops_types.CALLABLE_MODULES


def _setting(node: Node, name: str) -> Any:
    """The JSON text of a plain attribute of an object node, None if there is none."""
    return content_of((attributes_of(node) or {}).get(name))


def _items(content: Any) -> list[Any]:
    if not isinstance(content, list):
        raise RefusedError("gate.skops_schema")
    return content


def _values(content: Any) -> Collection[Any]:
    if not isinstance(content, dict):
        raise RefusedError("gate.skops_schema")
    return content.values()


def _parts(node: Node, names: set[str]) -> Iterable[Any]:
    content = node.get("content")
    if not isinstance(content, dict) or set(content) != names:
        raise RefusedError("gate.skops_schema")
    return content.values()


_Rule = tuple[set[str], Mapping[str, frozenset[str]], Callable[[_Walk, Node], Iterable[Any]]]
_TEXTS = {"builtins": frozenset({"str", "int", "float", "bool", "NoneType"})}


def _builtin(name: str) -> Mapping[str, frozenset[str]]:
    return {"builtins": frozenset({name})}


_RULES: dict[str, _Rule] = {
    "ObjectNode": ({"content"}, skops_types.OBJECTS, _Walk.object),
    "TreeNode": ({"content", "__reduce__"}, {"sklearn.tree._tree": frozenset({"Tree"})}, _Walk.tree),
    "LossNode": ({"content", "__reduce__"}, skops_types.LOSSES, _Walk.reduced),
    "DictNode": ({"content", "key_types"}, skops_types.MAPPINGS, _Walk.mapping),
    "DefaultDictNode": ({"content"}, {"collections": frozenset({"defaultdict"})}, _Walk.default_mapping),
    "ListNode": ({"content"}, _builtin("list"), _Walk.items),
    "TupleNode": ({"content"}, _builtin("tuple"), _Walk.items),
    "SetNode": ({"content"}, _builtin("set"), _Walk.items),
    "JsonNode": ({"content", "is_json"}, _TEXTS, _Walk.text),
    "TypeNode": (set(), skops_types.TYPES, _Walk.leaf),
    "SliceNode": ({"content"}, _builtin("slice"), _Walk.slice),
    "FunctionNode": (set(), skops_types.FUNCTIONS, _Walk.leaf),
    "NdArrayNode": ({"content", "type", "file", "shape"}, skops_types.ARRAYS, _Walk.array),
    "MaskedArrayNode": ({"content"}, skops_types.MASKED, _Walk.masked),
    "DTypeNode": ({"content"}, {"numpy": frozenset({"dtype"})}, _Walk.single),
    "SparseMatrixNode": ({"type", "file"}, skops_types.SPARSE, _Walk.sparse),
    "RandomStateNode": ({"content"}, {"numpy.random.mtrand": frozenset({"RandomState"})}, _Walk.single),
    "RandomGeneratorNode": (
        {"content"},
        {"numpy.random._generator": frozenset({"Generator"})},
        _Walk.generator,
    ),
}
