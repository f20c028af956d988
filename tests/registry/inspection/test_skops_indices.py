"""Indices and counts of skops files that scikit-learn and scipy follow unchecked: honest ones pass, others do not."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest

from tests.fakes.inspection import inspect_bytes
from tests.registry.inspection.corpus.pickles import npy, pack
from tests.registry.inspection.corpus.sample import honest
from tests.registry.inspection.corpus.skops_files import archive, estimator, items, mapping, node, text

Node = dict[str, Any]
Edit = Callable[[Node], None]


def _ints(*values: int) -> bytes:
    return npy("'<i4'", struct.pack(f"<{len(values)}i", *values), f"({len(values)},)")


def _matrix(**parts: bytes) -> bytes:
    """A sparse 2 x 3 matrix of three numbers by rows, some of its parts replaced."""
    good = {
        "indices": _ints(0, 2, 1),
        "indptr": _ints(0, 2, 3),
        "format": npy("'|S3'", b"csr", "()"),
        "shape": _ints(2, 3),
        "data": npy("'<f8'", struct.pack("<3d", 1, 2, 3), "(3,)"),
    }
    members = {f"{name}.npy": data for name, data in (good | parts).items() if data}
    sparse = node("SparseMatrixNode", "scipy.sparse._csr", "csr_matrix", type="scipy", file="1.npz")
    return archive(estimator(coef_=sparse), {"1.npz": pack(members)})


_COO = {"format": npy("'|S3'", b"coo", "()"), "indices": b"", "indptr": b""}


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({}, ""),
        ({"format": npy("'|S3'", b"csc", "()"), "shape": _ints(3, 2)}, ""),
        ({**_COO, "row": _ints(0, 0, 1), "col": _ints(0, 2, 1)}, ""),
        ({"_is_array": npy("'|b1'", b"\1", "()")}, ""),
        ({"indices": _ints(0, 50_000_000, 1)}, "gate.skops_sparse"),
        ({"indices": _ints(0, -1, 1)}, "gate.skops_sparse"),
        ({"indices": _ints(0, 2)}, "gate.skops_sparse"),
        ({"indptr": _ints(0, 300, 3)}, "gate.skops_sparse"),
        ({"indptr": _ints(0, 3)}, "gate.skops_sparse"),
        ({"indptr": _ints(1, 2, 3)}, "gate.skops_sparse"),
        ({"indptr": _ints(0, 2, 9)}, "gate.skops_sparse"),
        ({"shape": _ints(2, 2)}, "gate.skops_sparse"),
        ({"shape": _ints(-2, 3)}, "gate.skops_sparse"),
        ({**_COO, "row": _ints(0, 0, 2), "col": _ints(0, 2, 1)}, "gate.skops_sparse"),
        ({"format": npy("'|S3'", b"bsr", "()")}, "gate.skops_sparse"),
        ({"format": npy("'|S3'", b"csc", "()")}, "gate.skops_sparse"),
        ({"indices": npy("'<f4'", bytes(12), "(3,)")}, "gate.skops_sparse"),
        ({"data": npy("'<U1'", bytes(12), "(3,)")}, "gate.skops_sparse"),
        ({"shape": b""}, "gate.skops_sparse"),
    ],
)
def test_a_sparse_matrix_stays_within_its_shape(parts: dict[str, bytes], code: str) -> None:
    assert inspect_bytes("model.skops", _matrix(**parts)).code == code


def _opened(name: str) -> tuple[dict[str, bytes], Node]:
    with zipfile.ZipFile(BytesIO(honest(name))) as source:
        members = {entry: source.read(entry) for entry in source.namelist()}
    return members, json.loads(members["schema.json"])


def _attributes(of: Node) -> Node:
    found: Node = of["content"]["content"]
    return found


def _trees(forest: Node) -> list[Node]:
    found: list[Node] = _attributes(forest)["estimators_"]["content"]
    return found


def _widen(tree: Node) -> None:
    """Let the tree announce a width of its own."""
    _attributes(tree)["tree_"]["__reduce__"]["args"]["content"][0] = text(500_000_000)


def _shadow(tree: Node) -> None:
    """Put something that returns the request as it is in the place of the method that compares its width."""
    _attributes(tree)["_validate_X_predict"] = node(
        "ObjectNode", "sklearn.gaussian_process.kernels", "DotProduct", content=mapping(sigma_0=text(0))
    )
    tree["content"]["key_types"]["content"].append(node("TypeNode", "builtins", "str"))


def _forget(tree: Node) -> None:
    """Fewer key types than keys: skops would leave the last attributes out."""
    del tree["content"]["key_types"]["content"][-1]


def _nameless(tree: Node) -> None:
    tree["content"]["key_types"]["content"][-1] = node("TypeNode", "builtins", "bool")


def _outputs(tree: Node) -> None:
    _attributes(tree)["tree_"]["__reduce__"]["args"]["content"][2] = text(40)


@pytest.mark.parametrize("edit", [_widen, _shadow, _forget, _nameless, _outputs])
def test_a_tree_is_as_wide_as_its_estimator_says(edit: Edit) -> None:
    members, schema = _opened("iris-forest.skops")
    edit(_trees(schema)[0])

    assert not inspect_bytes("a.skops", pack({**members, "schema.json": json.dumps(schema).encode()})).accepted


def _histogram(edit: Edit) -> bytes:
    members, schema = _opened("iris-histogram.skops")
    edit(_attributes(schema))
    return pack({**members, "schema.json": json.dumps(schema).encode()})


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("n_features_in_", "4", ""),
        ("n_features_in_", "1", "gate.skops_tree"),
        ("_preprocessor", '"other"', "gate.skops_categories"),
    ],
)
def test_histogram_trees_stay_within_what_their_estimator_asks_for(name: str, value: str, code: str) -> None:
    data = _histogram(lambda attributes: attributes[name].update(content=value))

    assert inspect_bytes("a.skops", data).code == code


def test_histogram_trees_that_claim_to_be_in_training_are_refused() -> None:
    data = _histogram(lambda attributes: attributes.update(_in_fit=attributes.pop("verbose")))

    assert inspect_bytes("a.skops", data).code == "gate.skops_tree"


def _search(cv: Node) -> bytes:
    search = "GridSearchCV"
    content = mapping(estimator=estimator(C=text(1.0)), best_estimator_=estimator(C=text(1.0)), cv=cv)
    return archive(node("ObjectNode", "sklearn.model_selection._search", search, content=content))


def _splitter(name: str, **settings: Node) -> Node:
    return node("ObjectNode", "sklearn.model_selection._split", name, content=mapping(**settings))


@pytest.mark.parametrize(
    "cv",
    [
        _splitter("KFold", n_splits=text(5), shuffle=text(1), random_state=text(0)),
        _splitter("StratifiedKFold", n_splits=text(5), shuffle=text(0), random_state=text(None)),
        _splitter("GroupKFold", n_splits=text(3)),
        _splitter("TimeSeriesSplit", n_splits=text(5), max_train_size=text(None), test_size=text(None), gap=text(0)),
        _splitter("LeaveOneOut"),
        _splitter(
            "RepeatedKFold",
            cv=node("TypeNode", "sklearn.model_selection._split", "KFold"),
            n_repeats=text(2),
            random_state=text(None),
            cvargs=mapping(n_splits=text(5)),
        ),
    ],
    ids=lambda cv: cv["__class__"],
)
def test_a_search_keeps_how_it_divided_its_data(cv: Node) -> None:
    assert inspect_bytes("search.skops", _search(cv)).code == ""


@pytest.mark.parametrize(
    "cv",
    [
        _splitter("KFold", n_splits=estimator(C=text(1))),
        _splitter("_CVIterableWrapper", cv=items(kind="list")),
        node("ObjectNode", "scipy.stats._distn_infrastructure", "rv_continuous_frozen", content=mapping()),
    ],
    ids=["object in it", "iterable", "distribution"],
)
def test_what_a_search_needs_beyond_that_is_left_out_by_saving_its_best_model(cv: Node) -> None:
    answer = inspect_bytes("search.skops", _search(cv))

    assert (answer.code, "best_estimator_" in answer.advice) == ("gate.skops_type", True)


def _vectorizer(name: str, **columns: Node) -> bytes:
    vocabulary = mapping(**columns)
    module = "sklearn.feature_extraction." + ("_dict_vectorizer" if name == "DictVectorizer" else "text")
    made = node("ObjectNode", module, name, content=mapping(input=text("content"), vocabulary_=vocabulary))
    number = node("NdArrayNode", "numpy", "int64", type="numpy", file="1.npy")
    vocabulary["content"]["c"] = number
    vocabulary["key_types"]["content"].append(node("TypeNode", "builtins", "str"))
    return archive(made, {"1.npy": npy("'<i8'", struct.pack("<q", 2), "()")})


@pytest.mark.parametrize("name", ["CountVectorizer", "TfidfVectorizer", "DictVectorizer"])
@pytest.mark.parametrize(("column", "code"), [(1, ""), (3, "gate.skops_index"), (400_000_000, "gate.skops_index")])
def test_each_word_has_a_column(name: str, column: int, code: str) -> None:
    assert inspect_bytes("a.skops", _vectorizer(name, a=text(0), b=text(column))).code == code


def _encoder(**changes: Any) -> bytes:
    """A OneHotEncoder of three numbers, two of which are rare, and of two words, the first of which is dropped."""
    values: dict[str, Any] = {
        "cats": (1.0, 2.0, 5.0),
        "groups": (0, 1, 1),
        "outs": (2, 1),
        "drop": 0,
        "rare": True,
    } | changes
    array = node("NdArrayNode", "numpy", "ndarray", type="numpy", file="1.npy")
    groups = node("NdArrayNode", "numpy", "ndarray", type="numpy", file="2.npy")
    words = node("NdArrayNode", "numpy", "ndarray", type="json", content=[text("x"), text("y")], shape=items(text(2)))
    drops = [text(None), text(values["drop"])]
    encoder = mapping(
        categories_=items(array, words, kind="list"),
        _infrequent_enabled=text(1) | {"content": json.dumps(values["rare"])},
        _default_to_infrequent_mappings=items(groups, text(None), kind="list"),
        _drop_idx_after_grouping=node(
            "NdArrayNode", "numpy", "ndarray", type="json", content=drops, shape=items(text(2))
        ),
        _n_features_outs=items(*map(text, values["outs"]), kind="list"),
    )
    cats, mapped = values["cats"], values["groups"]
    return archive(
        node("ObjectNode", "sklearn.preprocessing._encoders", "OneHotEncoder", content=encoder),
        {
            "1.npy": npy("'<f8'", struct.pack(f"<{len(cats)}d", *cats), f"({len(cats)},)"),
            "2.npy": npy("'<i8'", struct.pack(f"<{len(mapped)}q", *mapped), f"({len(mapped)},)"),
        },
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, ""),
        ({"rare": False, "outs": (3, 1)}, ""),
        ({"cats": (1.0, 2.0, float("nan"))}, ""),
        ({"drop": None, "outs": (2, 2)}, ""),
        ({"rare": False}, "gate.skops_index"),
        ({"outs": (1, 1)}, "gate.skops_index"),
        ({"outs": (2,)}, "gate.skops_index"),
        ({"drop": None}, "gate.skops_index"),
        ({"drop": 2}, "gate.skops_index"),
        ({"drop": -1}, "gate.skops_index"),
        ({"groups": (0, 1, 9)}, "gate.skops_index"),
        ({"groups": (0, 1, -1)}, "gate.skops_index"),
        ({"groups": (0, 1)}, "gate.skops_index"),
        ({"cats": (5.0, 1.0, 2.0)}, "gate.skops_index"),
    ],
)
def test_each_category_has_a_column(changes: dict[str, Any], code: str) -> None:
    assert inspect_bytes("a.skops", _encoder(**changes)).code == code


def _boosted(edit: Edit) -> bytes:
    """Gradient boosting of one column, of the honest forest's trees."""
    members, schema = _opened("iris-forest.skops")
    trees = _trees(schema)
    used = {part["file"] for tree in trees for part in _files(tree)}
    init = node(
        "ObjectNode", "sklearn.dummy", "DummyRegressor", content=mapping(n_outputs_=text(1), constant_=text(1.0))
    )
    model = node(
        "ObjectNode",
        "sklearn.ensemble._gb",
        "GradientBoostingRegressor",
        content=mapping(
            n_features_in_=text(4),
            n_trees_per_iteration_=text(1),
            init_=init,
            _loss=node("ObjectNode", "sklearn._loss.loss", "HalfSquaredError", content=mapping(n_classes=text(None))),
            estimators_=node(
                "NdArrayNode", "numpy", "ndarray", type="json",
                content=[items(tree, kind="list") for tree in trees], shape=items(text(len(trees)), text(1)),
            ),
        ),
    )  # fmt: skip
    edit(model)
    return archive(model, {name: data for name, data in members.items() if name in used})


def _files(of: Any) -> list[Node]:
    if isinstance(of, list):
        return [found for part in of for found in _files(part)]
    if not isinstance(of, dict):
        return []
    return ([of] if "file" in of else []) + [found for part in of.values() for found in _files(part)]


def _steps(model: Node) -> list[Node]:
    found: list[Node] = _attributes(model)["estimators_"]["content"]
    return found


def _two_columns(model: Node) -> None:
    for step in _steps(model):
        step["content"] *= 2


def _ragged(model: Node) -> None:
    _steps(model)[0]["content"] *= 2


def _wide_trees(model: Node) -> None:
    for tree in (step["content"][0] for step in _steps(model)):
        _attributes(tree)["n_features_in_"] = text(500_000_000)
        _widen(tree)


def _own_start(model: Node) -> None:
    _attributes(model)["init_"] = estimator(coef_=text(1))


def _zero_of_fewer(model: Node) -> None:
    _attributes(model)["init_"] = text("zero")
    _two_columns(model)


def _many_outputs(model: Node) -> None:
    _attributes(_attributes(model)["init_"])["n_outputs_"] = text(0)


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (lambda _model: None, ""),
        (lambda model: _attributes(model).update(init_=text("zero")), ""),
        (_two_columns, "gate.skops_init"),
        (_ragged, "gate.skops_tree"),
        (_wide_trees, "gate.skops_tree"),
        (_own_start, "gate.skops_init"),
        (_zero_of_fewer, "gate.skops_init"),
        (_many_outputs, "gate.skops_init"),
    ],
)
def test_boosted_trees_add_to_columns_that_are_there(edit: Edit, code: str) -> None:
    assert inspect_bytes("a.skops", _boosted(edit)).code == code
