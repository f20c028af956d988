"""What others may do to an object without its being changed, and what not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from deployer.serving.cluster import APPLIED
from deployer.serving.drift import has_drifted, holds, serves_another_image
from deployer.serving.inference_service import (
    byte_quantity,
    compact,
    cpu_quantity,
    fingerprint,
    inference_service,
    restored,
)
from tests.deployer.kserve.worlds import cluster, spec


def live() -> dict[str, Any]:
    """As a cluster has it: with a status, fields of its own, and numbers in its own words."""
    found = copy.deepcopy(inference_service(spec(), cluster()))
    found["metadata"] |= {"uid": "u", "resourceVersion": "1", "generation": 1}
    found["spec"]["predictor"]["model"]["name"] = ""
    found["spec"]["predictor"]["model"]["ports"] = [{"containerPort": 8080}]
    found["spec"]["predictor"]["model"]["resources"]["limits"]["cpu"] = "1000m"
    found["status"] = {"conditions": []}
    return found


def test_additions_of_the_cluster_are_no_drift() -> None:
    assert not has_drifted(live())
    assert not serves_another_image(live())


@pytest.mark.parametrize("record", ['{"predictor":"x"}', '{"predictor":{"model":[]}}', "[]", "7", "{", "[" * 100_000])
def test_a_record_that_somebody_spoiled_is_drift_or_none(record: str) -> None:
    found = live()
    found["metadata"]["annotations"][APPLIED] = record

    assert has_drifted(found) == record.startswith('{"')
    assert not serves_another_image(found)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("model.resources.limits.memory", "64Gi"),
        ("model.args", ["--model-name=other"]),
        ("minReplicas", 0),
        ("hostNetwork", True),
        ("containers", [{"name": "miner", "image": "x"}]),
        ("serviceAccountName", "admin"),
        ("model.env", []),
    ],
)
def test_a_change_by_hand_is_drift(path: str, value: object) -> None:
    found = live()
    *parents, last = path.split(".")
    part = found["spec"]["predictor"]
    for parent in parents:
        part = part[parent]
    part[last] = value

    assert has_drifted(found)
    assert not serves_another_image(found)


def test_another_image_is_told_apart() -> None:
    found = live()
    found["spec"]["predictor"]["model"]["storageUri"] = "oci+native://registry.example/x@sha256:" + "ff" * 32

    assert has_drifted(found)
    assert serves_another_image(found)


def test_a_stop_by_hand_is_drift() -> None:
    found = live()
    found["metadata"]["annotations"]["serving.kserve.io/stop"] = "true"

    assert has_drifted(found)


def test_what_carries_no_record_is_not_judged() -> None:
    found = live()
    del found["metadata"]["annotations"][APPLIED]
    found["spec"] = {}

    assert not has_drifted(found)
    assert not serves_another_image(found)


@pytest.mark.parametrize(
    ("wanted", "found", "kept"),
    [
        ({"a": False}, {}, True),
        ({"a": 0}, {}, True),
        ({"a": []}, {}, True),
        ({"a": {}}, {}, True),
        ({"a": 1}, {}, False),
        ({"a": True}, {"a": False}, False),
        ({"a": "1Gi"}, {"a": "1024Mi"}, True),
        ({"a": "1Gi"}, {"a": "1G"}, False),
        ({"a": "500m"}, {"a": "0.5"}, True),
        ({"a": [1, 2]}, {"a": [1]}, False),
        ({"a": [{"name": "x", "v": 1}]}, {"a": [{"name": "y"}, {"name": "x", "v": 1}]}, True),
        ({"a": [{"name": "x", "v": 1}]}, {"a": [{"name": "x", "v": 2}]}, False),
        ({"a": {"b": 1}}, {"a": "b"}, False),
    ],
)
def test_whether_what_is_wanted_is_there(*, wanted: Any, found: Any, kept: bool) -> None:
    assert holds(wanted, found) is kept


def test_amounts_are_written_as_kubernetes_writes_them() -> None:
    assert [cpu_quantity(millis) for millis in (1000, 1500, 250, 4000)] == ["1", "1500m", "250m", "4"]
    assert [byte_quantity(count) for count in (1 << 30, 1536 << 20, 3 << 10, 1000)] == ["1Gi", "1536Mi", "3Ki", "1000"]


def test_an_old_cup_is_put_back_as_it_was_applied_whatever_the_settings_say_now() -> None:
    before = inference_service(spec(), cluster())
    now = inference_service(spec(), cluster(service_account="others", storage_scheme="oci+fetch"))

    again = restored(now, before["metadata"]["annotations"][APPLIED])

    assert again["spec"] == before["spec"]
    assert again["metadata"]["annotations"] == before["metadata"]["annotations"]


@pytest.mark.parametrize("path", ["securityContext", "model.storageUri"])
def test_a_record_that_was_changed_as_well_is_not_believed(path: str) -> None:
    manifest = inference_service(spec(), cluster())
    forged = copy.deepcopy(manifest["spec"])
    *parents, last = path.split(".")
    part = forged["predictor"]
    for parent in parents:
        part = part[parent]
    part[last] = {} if path == "securityContext" else "oci+native://registry.example/x@sha256:" + "ff" * 32

    assert restored(manifest, compact(forged)) == manifest
    assert restored(manifest, "no record") == manifest


def test_each_part_of_a_cup_is_in_its_fingerprint() -> None:
    made = spec()
    others = [spec(version="4"), spec(runtime="onnx"), spec(image_digest="sha256:" + "00" * 32), spec(cpu_millis=2000)]

    assert len({fingerprint(one) for one in (made, *others)}) == len(others) + 1
    assert fingerprint(made) == fingerprint(spec())
