"""Log lines: for machines one JSON object each, with the request's and the job's id, and no secret."""

from __future__ import annotations

import json
import logging
import logging.config
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.test import Client

from portal.logs import logging_settings
from registry import log_context
from registry.log_context import JobLabel

pytestmark = pytest.mark.django_db
LABEL = JobLabel(7, "build_image", 2)


class Log:
    """What the portal's own handler writes."""

    def __init__(self) -> None:
        self.stream = StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def lines(self, logger: str = "") -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.text.splitlines()]
        return [line for line in found if not logger or line["logger"] == logger]


@pytest.fixture
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    made = Log()
    wanted = logging_settings(getattr(request, "param", "json"))
    wanted["handlers"]["console"] |= {"class": "logging.StreamHandler", "stream": made.stream}
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    logging.config.DictConfigurator(wanted).configure()
    yield made
    # The settings took the root logger's handlers away; the other tests' are put back.
    root.handlers[:] = before
    root.setLevel(level)
    logging.getLogger("portal.requests").setLevel(logging.NOTSET)


def test_each_request_is_one_line_with_its_id(log: Log, client: Client) -> None:
    answer = client.get("/healthz?token=hunter2", headers={"authorization": "Bearer hunter3"})

    (line,) = log.lines("portal.requests")
    assert line["request_id"] == answer["X-Request-Id"]
    assert line["message"] == "GET /healthz 200"
    assert (line["method"], line["route"], line["status"], line["level"]) == ("GET", "healthz", 200, "INFO")
    assert line["duration_ms"] >= 0
    assert "hunter" not in log.text
    assert "127.0.0.1" not in log.text, "addresses are nobody's business"


def test_the_path_of_a_secret_link_is_not_written(log: Log, client: Client) -> None:
    client.get("/accounts/password/reset/key/1-planted-secret/")

    assert "planted-secret" not in log.text
    (line,) = log.lines("portal.requests")
    assert line["route"].startswith("accounts/")


@pytest.mark.parametrize("log", ["line"], indirect=True)
def test_people_are_spared_a_line_for_each_request(log: Log, client: Client) -> None:
    client.get("/healthz")

    assert log.text == ""


def test_errors_hold_their_traceback_in_one_line(log: Log) -> None:
    try:
        1 / 0  # noqa: B018  # raises
    except ZeroDivisionError:
        logging.getLogger("portal.test").exception("two\nlines")

    (line,) = log.lines("portal.test")
    assert line["message"] == "two\nlines"
    assert "ZeroDivisionError" in line["exception"]


@pytest.mark.parametrize(
    ("trusted", "given", "kept"),
    [
        (1, "0af7651916cd43dd8448eb211c80319c", True),
        (0, "0af7651916cd43dd8448eb211c80319c", False),
        (1, "short", False),
        (1, 'forged"} line', False),
        (1, "x" * 65, False),
    ],
)
def test_only_a_trusted_proxy_names_a_request(
    client: Client, settings: Any, trusted: int, given: str, *, kept: bool
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = trusted

    answer = client.get("/healthz", headers={"x-request-id": given})

    assert (answer["X-Request-Id"] == given) is kept


@pytest.mark.parametrize("log", ["line"], indirect=True)
def test_lines_for_people_name_request_and_job(log: Log) -> None:
    with log_context.working_on(LABEL, asked_by="request-0003"):
        logging.getLogger("portal.test").warning("inside")
    logging.getLogger("portal.test").warning("outside")

    inside, outside = log.text.splitlines()
    assert "[request-0003 job 7] inside" in inside
    assert "[-] outside" in outside


def test_lines_for_machines_name_request_and_job(log: Log) -> None:
    with log_context.working_on(LABEL, asked_by="request-0003"):
        logging.getLogger("portal.test").warning("inside")
    logging.getLogger("portal.test").warning("outside")

    inside, outside = log.lines("portal.test")
    assert (inside["request_id"], inside["job_id"], inside["job_kind"], inside["job_attempt"]) == (
        "request-0003", 7, "build_image", 2,
    )  # fmt: skip
    assert not {"request_id", "job_id"} & outside.keys()
