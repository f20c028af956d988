"""ONNX: standard operators only, every weight inside the file. Reads the protobuf without the onnx package.

Field numbers: onnx/onnx.proto of ONNX 1.23 (IR version 14). A field that it does not know is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from registry.inspection.onnx_tensors import Shaped, check_sparse, check_tensor, read_value
from registry.inspection.protobuf import BYTES, FIXED32, VARINT, Field, fields, run_of
from registry.inspection.source import Source
from registry.inspection.verdicts import RefusedError, shown
from registry.interfaces import Introspection, TensorInfo

MAX_IR_VERSION = 14
MIN_IR_VERSION = 3
MAX_DEPTH = 16
MAX_FIELDS = 5_000_000
MAX_TEXT = 1 << 20
MAX_LISTED = 200
DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
# ONNX Runtime's own operators that standard converters need: scikit-learn's text vectorizers become a Tokenizer.
CONTRIBUTED = {"com.microsoft": frozenset({"Tokenizer"})}
INLINE = "onnx.inliner.inline_local_functions(model)"


class _Known(NamedTuple):
    """The fields of a message that an inference model may use."""

    message: str
    numbers: frozenset[int]


_M_IR, _M_PRODUCER, _M_PRODUCER_VERSION, _M_GRAPH, _M_OPSET = 1, 2, 3, 7, 8
_M_TRAINING, _M_FUNCTIONS = 20, 25
_M_KNOWN = _Known("ModelProto", frozenset({1, 2, 3, 4, 5, 6, 7, 8, 14}))
_G_NODE, _G_INITIALIZER, _G_INPUT, _G_OUTPUT, _G_SPARSE = 1, 5, 11, 12, 15
_G_KNOWN = _Known("GraphProto", frozenset({1, 2, 5, 10, 11, 12, 13, 14, 15, 16}))
_N_OPERATOR, _N_ATTRIBUTE, _N_DOMAIN = 4, 5, 7
_N_KNOWN = _Known("NodeProto", frozenset({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}))
_A_TENSOR, _A_GRAPH, _A_TENSORS, _A_GRAPHS, _A_SPARSE, _A_SPARSES = 5, 6, 10, 11, 22, 23
# A forest's thresholds and indices are millions of single elements.
_A_RUNS = (run_of(7, FIXED32), run_of(8, VARINT))
_A_KNOWN = _Known("AttributeProto", frozenset({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 20, 21, 22, 23}))


def inspect_onnx(source: Source) -> Introspection:
    """Accept a model of standard domains with all of its data inside."""
    return _Walk(source).model()


class _Walk:
    """One pass over a model; counts fields, so that its time is bounded by the caps and not by the uploader."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._seen = 0
        self._parameters = 0
        self._initializers: set[str] = set()
        self._inputs: list[Shaped] = []
        self._outputs: list[Shaped] = []
        self._operators: dict[str, int] = {}

    def model(self) -> Introspection:
        facts: dict[str, str] = {}
        opsets: dict[str, int] = {}
        version = graphs = 0
        for field in fields(self._source):
            self._count(field, _M_KNOWN)
            if field.number == _M_IR:
                version = field.value
            elif field.number in (_M_PRODUCER, _M_PRODUCER_VERSION):
                facts["producer" if field.number == _M_PRODUCER else "producer_version"] = shown(self._text(field))
            elif field.number == _M_OPSET:
                self._opset(self._part(self._source, field), opsets)
            elif field.number == _M_GRAPH:
                graphs += 1
                self._graph(self._part(self._source, field), MAX_DEPTH, top=True)
        if not MIN_IR_VERSION <= version <= MAX_IR_VERSION:
            raise RefusedError("gate.onnx_version", version=version, limit=MAX_IR_VERSION)
        if graphs != 1 or not opsets or not self._outputs:
            raise RefusedError("gate.onnx_graph")
        return self._introspection(facts, opsets, version)

    def _introspection(self, facts: Mapping[str, str], opsets: Mapping[str, int], version: int) -> Introspection:
        operators = sorted(self._operators, key=lambda name: (-self._operators[name], name))
        names = {"": "ai.onnx"}
        listed = ", ".join(f"{names.get(domain, domain)} {number}" for domain, number in sorted(opsets.items()))
        return Introspection(
            framework="onnx",
            framework_version=str(opsets.get("", opsets.get("ai.onnx", max(opsets.values())))),
            model_type="graph",
            inputs=tuple(_info(value) for value in self._inputs if value.name not in self._initializers)[:MAX_LISTED],
            outputs=tuple(map(_info, self._outputs[:MAX_LISTED])),
            parameters=self._parameters,
            metadata={
                **facts,
                "ir_version": str(version),
                "opsets": listed,
                "operators": ", ".join(shown(name, 60) for name in operators[:50]),
            },
        )

    def _opset(self, source: Source, opsets: dict[str, int]) -> None:
        domain, number = "", 0
        for field in fields(source):
            if field.number == 1:
                domain = self._text(field, source)
            elif field.number == 2:  # noqa: PLR2004 - OperatorSetIdProto.version
                number = field.value
            else:
                raise RefusedError("gate.onnx_field", message="OperatorSetIdProto", field=field.number)
        if domain not in DOMAINS and domain not in CONTRIBUTED:
            raise RefusedError("gate.onnx_domain", domain=shown(domain))
        # Converters repeat a domain, which is harmless as long as both agree.
        if opsets.get(domain, number) != number or not 0 < number < 1 << 16:
            raise RefusedError("gate.onnx_graph")
        opsets[domain] = number

    def _graph(self, source: Source, depth: int, *, top: bool = False) -> None:
        if not depth:
            raise RefusedError("gate.onnx_depth", limit=MAX_DEPTH)
        for field in fields(source):
            self._count(field, _G_KNOWN)
            if field.number == _G_NODE:
                self._node(self._part(source, field), depth)
            elif field.number == _G_INITIALIZER:
                tensor = check_tensor(self._part(source, field))
                self._parameters += tensor.count
                self._initializers.add(tensor.name)
            elif field.number == _G_SPARSE:
                self._parameters += check_sparse(self._part(source, field))
            elif field.number in (_G_INPUT, _G_OUTPUT) and top:
                values = self._inputs if field.number == _G_INPUT else self._outputs
                values.append(read_value(self._part(source, field)))

    def _node(self, source: Source, depth: int) -> None:
        operator = domain = ""
        for field in fields(source):
            self._count(field, _N_KNOWN)
            if field.number == _N_OPERATOR:
                operator = self._text(field, source)
            elif field.number == _N_DOMAIN:
                domain = self._text(field, source)
            elif field.number == _N_ATTRIBUTE:
                self._attribute(self._part(source, field), depth)
        if domain not in DOMAINS and operator not in CONTRIBUTED.get(domain, ()):
            raise RefusedError("gate.onnx_domain", domain=shown(domain))
        if not operator.isidentifier() or not operator.isascii():
            raise RefusedError("gate.onnx_graph")
        self._operators[operator] = self._operators.get(operator, 0) + 1

    def _attribute(self, source: Source, depth: int) -> None:
        checks: dict[int, Callable[[Source], object]] = {
            _A_TENSOR: check_tensor,
            _A_TENSORS: check_tensor,
            _A_SPARSE: check_sparse,
            _A_SPARSES: check_sparse,
            _A_GRAPH: lambda part: self._graph(part, depth - 1),
            _A_GRAPHS: lambda part: self._graph(part, depth - 1),
        }
        for field in fields(source, _A_RUNS):
            self._count(field, _A_KNOWN)
            if field.number in checks:
                checks[field.number](self._part(source, field))

    def _count(self, field: Field, known: _Known) -> None:
        self._seen += 1
        if self._seen > MAX_FIELDS:
            raise RefusedError("gate.onnx_count", limit=MAX_FIELDS)
        if field.number in known.numbers:
            return
        if known is _M_KNOWN and field.number in (_M_TRAINING, _M_FUNCTIONS):
            functions = field.number == _M_FUNCTIONS
            raise RefusedError(
                "gate.onnx_functions" if functions else "gate.onnx_training", advice=INLINE if functions else ""
            )
        raise RefusedError("gate.onnx_field", message=known.message, field=field.number)

    def _part(self, source: Source, field: Field) -> Source:
        if field.wire != BYTES:
            raise RefusedError("gate.protobuf", offset=field.at)
        return source.view(field.at, field.length)

    def _text(self, field: Field, source: Source | None = None) -> str:
        if field.wire != BYTES or field.length > MAX_TEXT:
            raise RefusedError("gate.protobuf", offset=field.at)
        try:
            return (source or self._source).read_at(field.at, field.length).decode("utf-8")
        except UnicodeDecodeError:
            raise RefusedError("gate.protobuf", offset=field.at) from None


def _info(value: Shaped) -> TensorInfo:
    return TensorInfo(name=shown(value.name), datatype=value.datatype, shape=value.shape)
