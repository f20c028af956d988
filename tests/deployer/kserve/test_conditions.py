"""Recorded states of a cluster, each with what it means for the cup."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from deployer.errors import WhoActs
from deployer.interfaces import CupPhase, CupStatus
from deployer.messages_kserve import KSERVE_MESSAGES
from deployer.serving.cluster_view import reduced_deployment, reduced_pod, reduced_service
from deployer.serving.conditions import Seen, judge
from registry.messages import message

CASES = {path.stem: path for path in sorted(Path("tests/data/kserve/cases").glob("*.json"))}


def judged(case: dict[str, Any], *, reduced: bool = False) -> CupStatus:
    keep = (reduced_service, reduced_deployment, reduced_pod) if reduced else (dict, dict, dict)
    service, deployment, pod = keep
    return judge(
        Seen(
            name="cup-7",
            now=case["now"],
            service=service(case["service"]) if case["service"] else None,
            deployments=[deployment(found) for found in case["deployments"]],
            pods=[pod(found) for found in case["pods"]],
            events=case["events"],
            **case["seen"],
        )
    )


@pytest.mark.parametrize("reduced", [False, True], ids=["whole", "reduced"])
@pytest.mark.parametrize("name", CASES)
def test_a_recorded_state_means(*, name: str, reduced: bool) -> None:
    case = json.loads(CASES[name].read_text())

    status = judged(case, reduced=reduced)

    assert {"phase": status.phase, "code": status.code, "params": dict(status.params)} == case["expected"], case[
        "about"
    ]


@pytest.mark.parametrize("name", CASES)
def test_the_message_says_what_and_how_to_people(name: str) -> None:
    status = judged(json.loads(CASES[name].read_text()))
    if not status.code:
        return

    text = message(status.code, status.params)

    assert text.title
    assert text.body
    assert "%(" not in f"{text.title}{text.body}"
    expected = WhoActs.OPERATOR if status.code.startswith("kserve.") else WhoActs.USER
    if status.code not in {"kserve.flapping", "kserve.never_answers"}:
        assert status.who_acts is expected


def test_every_text_names_who_acts_or_that_nobody_has_to() -> None:
    """An operator, the submitter, or it goes on by itself."""
    acting = re.compile(r"operator|submitter|by itself|report it|Submit the version")

    assert [code for code, text in KSERVE_MESSAGES.items() if not acting.search(str(text.body))] == []


def test_a_ready_cup_knows_its_digest_replica_and_times() -> None:
    case = json.loads(CASES["back_after_a_crash"].read_text())

    status = judged(case)

    assert status.image_digest == "sha256:" + "ab" * 32
    assert status.restarts == 1
    assert status.identity.endswith(":1")
    assert status.started_at is not None
    assert status.ready_at is not None
    assert status.ready_at > status.started_at


def test_the_image_of_a_failing_cup_is_told_as_well() -> None:
    case = json.loads(CASES["image_missing"].read_text())

    assert judged(case).image_digest == "sha256:" + "ab" * 32
    assert judged(case).phase is CupPhase.FAILED


def test_digits_of_a_digest_are_no_status() -> None:
    """Every third digest or so holds 401, 403 or 404 somewhere."""
    text = CASES["registry_unreachable"].read_text().replace("ab" * 32, "401403404ab" * 5 + "abcdef012")

    assert judged(json.loads(text)).code == "kserve.registry_unreachable"
