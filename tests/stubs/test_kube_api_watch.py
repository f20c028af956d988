"""The stand-in API server, asked by the official client: lists, watches and what goes wrong to order."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import urllib3
from kubernetes import client, watch

from tests.stubs.conftest import ISVC, apply, iris
from tests.stubs.kube_api import ADMIN, KubeApi
from tests.stubs.kube_api.server import Handler

GROUP, VERSION, NAMESPACE, PLURAL = ISVC
WHERE: dict[str, Any] = {"group": GROUP, "version": VERSION, "namespace": NAMESPACE, "plural": PLURAL}


def named(name: str, **labels: str) -> dict[str, Any]:
    body = iris()
    body["metadata"].update(name=name, labels=labels)
    return body


def names(answer: Any) -> list[str]:
    return [item["metadata"]["name"] for item in answer["items"]]


def stream(custom: client.CustomObjectsApi, **options: Any) -> Iterator[Any]:
    watching: Any = watch.Watch  # the client types this part of itself not at all
    told: Iterator[Any] = watching().stream(
        custom.list_namespaced_custom_object, **WHERE, _request_timeout=(60, 60), **options
    )
    return told


def once_watched(api: KubeApi, act: Callable[[], object]) -> threading.Thread:
    """Does it when a watch is open."""

    def wait_and_act() -> None:
        until = time.monotonic() + 60
        while not any(entry.verb == "watch" and entry.status for entry in list(api.requests)):
            if time.monotonic() > until:
                return
            time.sleep(0.01)
        act()

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread


def events(custom: client.CustomObjectsApi, **options: Any) -> list[tuple[str, str]]:
    """(type, name) of what a watch tells until it ends or tells of an object called `end`."""
    told = []
    for event in stream(custom, **options):
        told.append((event["type"], event["object"]["metadata"].get("name", "")))
        if told[-1][1] == "end":
            return told[:-1]
    return told


def test_a_list_is_selected_by_labels_and_fields(custom: client.CustomObjectsApi, api: KubeApi) -> None:
    for body in (named("a", tier="gold"), named("b", tier="tin"), named("c")):
        api.create("inferenceservices", body)
    for selector, found in [("tier=gold", ["a"]), ("tier", ["a", "b"]), ("!tier", ["c"]), ("tier!=gold", ["b", "c"]),
                            ("tier in (gold, tin)", ["a", "b"]), ("tier notin (gold),tier", ["b"])]:  # fmt: skip
        assert names(custom.list_namespaced_custom_object(**WHERE, label_selector=selector)) == found
    assert names(custom.list_namespaced_custom_object(**WHERE, field_selector="metadata.name=b")) == ["b"]
    with pytest.raises(client.ApiException, match=r"field label not supported: spec\.x"):
        custom.list_namespaced_custom_object(**WHERE, field_selector="spec.x=1")


def test_a_list_comes_in_parts_of_one_state(custom: client.CustomObjectsApi, api: KubeApi) -> None:
    for name in "abcde":
        api.create("inferenceservices", named(name))
    first: Any = custom.list_namespaced_custom_object(**WHERE, limit=2)
    assert (names(first), first["metadata"]["remainingItemCount"]) == (["a", "b"], 3)
    api.create("inferenceservices", named("aa"))
    second: Any = custom.list_namespaced_custom_object(**WHERE, limit=2, _continue=first["metadata"]["continue"])
    assert names(second) == ["c", "d"]
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    last: Any = custom.list_namespaced_custom_object(**WHERE, limit=2, _continue=second["metadata"]["continue"])
    assert (names(last), "continue" in last["metadata"]) == (["e"], False)
    api.compact()
    with pytest.raises(client.ApiException) as caught:
        custom.list_namespaced_custom_object(**WHERE, limit=2, _continue=second["metadata"]["continue"])
    assert (caught.value.status, json.loads(str(caught.value.body))["reason"]) == (410, "Expired")


def test_a_watch_tells_what_came_after_the_list(custom: client.CustomObjectsApi, api: KubeApi) -> None:
    api.create("inferenceservices", named("before"))
    listed: Any = custom.list_namespaced_custom_object(**WHERE)
    api.create("inferenceservices", named("a", app="x"))
    api.set_status("inferenceservices", "a", {"url": "http://a"})
    api.create("pods", {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}})
    api.delete("inferenceservices", "a")
    api.create("inferenceservices", named("end"))
    version = listed["metadata"]["resourceVersion"]
    assert events(custom, resource_version=version) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
    assert events(custom) == [("ADDED", "before")]


def test_an_object_enters_and_leaves_a_selection(custom: client.CustomObjectsApi, api: KubeApi) -> None:
    version = str(api.store.version)
    apply(custom, named("a", app="x"))
    apply(custom, named("a", app="y"))
    apply(custom, named("end", app="x"))
    apply(custom, named("end", app="y"))
    assert events(custom, label_selector="app=x", resource_version=version) == [("ADDED", "a"), ("DELETED", "a")]
    assert events(custom, label_selector="app=y", resource_version=version) == [("ADDED", "a")]


def test_a_change_arrives_while_the_watch_waits(custom: client.CustomObjectsApi, api: KubeApi) -> None:
    version = str(api.store.version)
    later = once_watched(api, lambda: api.create("inferenceservices", named("late")))
    event = next(stream(custom, resource_version=version, timeout_seconds=60))
    later.join()
    assert event["object"]["metadata"]["name"] == "late"


def test_bookmarks_come_only_when_asked_for(custom: client.CustomObjectsApi, api: KubeApi) -> None:
    api.bookmark_every = 0.1
    api.create("inferenceservices", named("a"))
    version = str(api.store.version)
    api.create("pods", {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}})
    assert events(custom, resource_version=version, timeout_seconds=1) == []
    answer: Any = custom.list_namespaced_custom_object(
        **WHERE,
        watch=True,
        resource_version=version,
        timeout_seconds=1,
        allow_watch_bookmarks=True,
        _preload_content=False,
    )
    told = [json.loads(line) for line in answer.data.splitlines()]
    answer.release_conn()
    assert {event["type"] for event in told} == {"BOOKMARK"}
    assert told[-1]["object"]["metadata"]["resourceVersion"] == str(api.store.version)


@pytest.mark.parametrize("gone_as", ["event", "http"])
def test_a_version_that_is_gone_gets_a_410(custom: client.CustomObjectsApi, api: KubeApi, gone_as: str) -> None:
    version = str(api.store.version)
    api.create("inferenceservices", named("a"))
    api.compact()
    api.gone_as = gone_as
    with pytest.raises(client.ApiException) as caught:
        events(custom, resource_version=version, timeout_seconds=1)
    assert caught.value.status == 410
    assert f"too old resource version: {version} ({api.store.oldest})" in str(caught.value)


def test_watches_are_cut_without_a_word(custom: client.CustomObjectsApi, api: KubeApi) -> None:
    cutter = once_watched(api, api.cut_watches)
    assert events(custom, resource_version=str(api.store.version), timeout_seconds=600) == []
    cutter.join()


def test_a_watch_is_cut_as_soon_as_the_log_tells_of_it(
    custom: client.CustomObjectsApi, api: KubeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Handler._start_stream

    def start_and_be_cut(handler: Handler) -> None:
        start(handler)
        api.cut_watches()

    monkeypatch.setattr(Handler, "_start_stream", start_and_be_cut)
    assert events(custom, resource_version=str(api.store.version), timeout_seconds=600) == []


def test_a_stream_breaks_off_within_an_event(custom: client.CustomObjectsApi, api: KubeApi) -> None:
    api.create("inferenceservices", named("a"))
    api.create("inferenceservices", named("end"))
    api.fail(verb="watch", cut="within")
    with pytest.raises(urllib3.exceptions.ProtocolError):
        events(custom)
    assert events(custom) == [("ADDED", "a")]


@pytest.mark.parametrize(
    ("status", "reason", "retry_after"),
    [(429, "", "7"), (500, "InternalError", None), (503, "ServiceUnavailable", "2")],
)
def test_failures_to_order(
    custom: client.CustomObjectsApi, api: KubeApi, status: int, reason: str, retry_after: str | None
) -> None:
    api.fail(
        verb="list", resource=PLURAL, status=status, times=2, retry_after=int(retry_after) if retry_after else None
    )
    for _ in range(2):
        with pytest.raises(client.ApiException) as caught:
            custom.list_namespaced_custom_object(**WHERE)
        assert caught.value.status == status
        assert (caught.value.headers or {}).get("Retry-After") == retry_after
        assert not reason or json.loads(str(caught.value.body))["reason"] == reason
    assert names(custom.list_namespaced_custom_object(**WHERE)) == []
    assert api.counted()["list", PLURAL] == 3
    assert [entry.status for entry in api.requests] == [status, status, 200]


@pytest.mark.parametrize(("cut", "done"), [("before", False), ("after", True)])
def test_a_lost_answer_is_not_a_lost_write(
    custom: client.CustomObjectsApi, api: KubeApi, cut: str, *, done: bool
) -> None:
    api.fail(verb="patch", resource=PLURAL, cut=cut)
    with pytest.raises(urllib3.exceptions.HTTPError):
        apply(custom, iris())
    assert (api.get("inferenceservices", "iris") is not None) is done


def test_a_slow_answer_runs_into_the_clients_own_timeout(custom: client.CustomObjectsApi, api: KubeApi) -> None:
    api.fail(verb="get", delay=60)
    with pytest.raises(urllib3.exceptions.HTTPError):
        custom.get_namespaced_custom_object(**WHERE, name="iris", _request_timeout=0.1)


def test_while_the_server_is_down_nobody_listens_and_nothing_is_lost(
    api: KubeApi, connect: Callable[..., client.ApiClient]
) -> None:
    custom = client.CustomObjectsApi(connect())
    apply(custom, iris())
    with api.down(), pytest.raises(urllib3.exceptions.HTTPError):
        custom.list_namespaced_custom_object(**WHERE)
    assert names(custom.list_namespaced_custom_object(**WHERE)) == ["iris"]


def test_logs_are_read_by_container_and_say_why_there_are_none(core: client.CoreV1Api, api: KubeApi) -> None:
    annotations = {"model-commons.test/log.kserve-container": "one\ntwo\nthree\n"}
    containers = [{"name": "kserve-container"}, {"name": "agent"}]
    api.create("pods", {"metadata": {"name": "p", "annotations": annotations}, "spec": {"containers": containers}})
    where: dict[str, Any] = {"name": "p", "namespace": "default"}
    with pytest.raises(client.ApiException, match="a container name must be specified for pod p, choose one of"):
        core.read_namespaced_pod_log(**where)
    assert core.read_namespaced_pod_log(**where, container="kserve-container", tail_lines=2) == "two\nthree\n"
    waiting = {"waiting": {"reason": "ImagePullBackOff"}}
    state = {"name": "agent", "ready": False, "restartCount": 0, "image": "a", "imageID": "", "state": waiting}
    api.set_status("pods", "p", {"phase": "Pending", "containerStatuses": [state]})
    with pytest.raises(client.ApiException, match="is waiting to start: trying and failing to pull image"):
        core.read_namespaced_pod_log(**where, container="agent")


def test_a_fault_of_the_stand_in_itself_is_told_to_whoever_holds_it() -> None:
    token = {"Authorization": f"Bearer {ADMIN}"}
    cut = contextlib.suppress(urllib3.exceptions.HTTPError)
    with pytest.raises(ValueError, match="invalid literal"), KubeApi() as api, cut:
        urllib3.request("GET", f"{api.url}/api/v1/pods?limit=x", headers=token, retries=False)
