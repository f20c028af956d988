from __future__ import annotations

import csv
import json
import shlex
import subprocess
import sys
import time
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.test import Client

from deployer import services, snippets
from deployer.errors import TransientError
from deployer.interfaces import ServingResponse
from deployer.services.figures import Counts, Span
from registry.interfaces import Snippets
from registry.services import retire_version
from tests.deployer import pages, scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]


class TestEndpointPage:
    def test_shows_what_answers_and_how_to_call_it(self, client: Client) -> None:
        rollout = scene.served()

        text = pages.text_of(client.get("/endpoints/vera-sums/"))

        assert "http://testserver/serve/v2/models/vera-sums/infer" in text
        assert rollout.image_digest in text
        assert "curl" in text
        assert "urllib.request" in text

    def test_addresses_are_the_public_ones(self, client: Client, settings: Any) -> None:
        scene.served()
        settings.SITE_URL = "https://models.example.org"

        text = pages.text_of(client.get("/endpoints/vera-sums/"))

        assert "https://models.example.org/serve/v2/models/vera-sums/infer" in text
        assert "testserver" not in text

    def test_a_typed_request_is_answered_on_the_page(self, client: Client) -> None:
        scene.served()
        typed = json.dumps(scene.REQUEST).replace("3.0", "30.0")

        response = client.post("/endpoints/vera-sums/try/", {"request": typed})

        assert response.status_code == 200
        assert "Status 200 from version 1" in pages.text_of(response)
        assert "33.0" in pages.text_of(response)
        assert "30.0" in response.context["typed"], "what was typed stays"

    def test_an_example_is_sent_by_its_number(self, client: Client) -> None:
        scene.served()

        assert "6.0" in pages.text_of(client.post("/endpoints/vera-sums/try/", {"example": "1"}))
        for nowhere in ("7", "9" * 30, "1" * 5000):
            assert client.post("/endpoints/vera-sums/try/", {"example": nowhere}).status_code == 404

    @pytest.mark.parametrize(
        ("typed", "shown", "status"),
        [
            ('{"inputs": [', "Line 1, column 13", 400),
            ("[" * 100_000, "This is not JSON", 400),
            ("{}", "The request does not follow the protocol.", 200),
        ],
    )
    def test_bad_requests_get_a_clear_answer(self, client: Client, typed: str, shown: str, status: int) -> None:
        scene.served()

        response = client.post("/endpoints/vera-sums/try/", {"request": typed})

        assert response.status_code == status
        assert shown in pages.text_of(response)
        assert response.context["typed"] == typed

    def test_a_request_over_the_limit_is_refused(self, client: Client, settings: Any) -> None:
        scene.served()
        settings.LIMITS = {**settings.LIMITS, "gateway_max_bytes": 10}

        assert client.post("/endpoints/vera-sums/try/", {"request": json.dumps(scene.REQUEST)}).status_code == 400

    def test_a_model_that_is_down_is_said_to_be_so(self, client: Client) -> None:
        scene.served()

        def down(*_args: object) -> ServingResponse:
            raise TransientError("serving.unreachable")

        scene.serving().answer = down
        response = client.post("/endpoints/vera-sums/try/", {"example": "1"})

        assert response.status_code == 503
        assert "cannot be reached at the moment" in pages.text_of(response)

    def test_a_long_answer_is_cut_and_one_that_is_no_json_is_shown(self, client: Client) -> None:
        scene.served()
        text = ServingResponse(status=200, content_type="text/plain", body=b"<b>" * 9000)
        scene.serving().answer = lambda *_args: text

        response = client.post("/endpoints/vera-sums/try/", {"example": "1"})

        assert "&lt;b&gt;" in response.content.decode()
        assert "The rest of a long answer is left out" in pages.text_of(response)

    def test_a_retired_model_keeps_its_page(self, client: Client) -> None:
        rollout = scene.served()
        scene.work(retire_version(version=rollout.version, actor=scene.operator()))

        text = pages.text_of(client.get("/endpoints/vera-sums/"))
        assert "No version in service" in text
        tried = client.post("/endpoints/vera-sums/try/", {"request": "{}"})
        assert "The model was taken out of service." in pages.text_of(tried)

    def test_reading_the_form_address_leads_back(self, client: Client) -> None:
        assert client.get("/endpoints/vera-sums/try/")["Location"] == "/endpoints/vera-sums/"

    def test_an_unknown_one_is_404(self, client: Client) -> None:
        for path in ("/endpoints/nobody/", "/endpoints/nobody/example.json"):
            assert client.get(path).status_code == 404
        assert client.post("/endpoints/nobody/try/", {"request": "{}"}).status_code == 404

    def test_history_offers_the_way_back_to_operators(self, client: Client) -> None:
        scene.served()
        scene.served()

        assert "Roll back to it" not in pages.text_of(client.get("/endpoints/vera-sums/"))
        assert (
            pages.text_of(pages.as_account(scene.operator()).get("/endpoints/vera-sums/")).count("Roll back to it") == 1
        )


@pytest.mark.django_db(transaction=True)
class TestSnippets:
    """They run as they stand, pasted into a shell or a file."""

    @pytest.fixture(params=["short", "long"])
    def found(self, request: pytest.FixtureRequest, live_server: Any, client: Client) -> Snippets:
        rollout = scene.served(name="it-s")
        if request.param == "long":
            row = [1.0] * 900
            long = {"inputs": [{"name": "it's", "shape": [1, 900], "datatype": "FP64", "data": row}]}
            rollout.version.examples.update(request=long)
        page = client.get("/endpoints/vera-it-s/", headers={"host": live_server.url.removeprefix("http://")})
        shown = page.context["snippets"]
        assert isinstance(shown, Snippets)
        return shown

    def test_curl(self, found: Snippets) -> None:
        done = subprocess.run(["sh", "-c", found.curl], capture_output=True, timeout=60, check=True)
        assert json.loads(done.stdout)["outputs"][0]["data"] in ([6.0], [900.0])

    def test_python(self, found: Snippets) -> None:
        done = subprocess.run([sys.executable, "-I", "-c", found.python], capture_output=True, timeout=60, check=True)
        assert done.stdout.decode().startswith("1 [{'name': 'predict'")


def test_quotes_in_a_request_survive_the_shell() -> None:
    request = {"inputs": [{"name": 'it\'s "quoted" $HOME `id`', "shape": [1], "datatype": "BYTES", "data": ["ü"]}]}
    made = snippets.snippets(infer_url="http://h/i", example_url="http://h/e", request=request)

    data = shlex.split(made.curl)[-1]
    assert json.loads(data) == request


class TestFigures:
    @pytest.fixture(autouse=True)
    def _asked(self, _fakes: None, monkeypatch: pytest.MonkeyPatch) -> None:
        scene.served()
        moment = time.time()  # the page is looked at in the same minute
        monkeypatch.setattr(time, "time", lambda: moment)
        monkeypatch.setattr("registry.templatetags.portal_ui.now", lambda: datetime.fromtimestamp(moment, UTC))
        minute = int(moment) // 60 * 60
        fast, slow = Counts(requests=90), Counts(requests=10, failed=5)
        fast.latencies[3], slow.latencies[10] = 90, 10
        services.add_figures(counted={Span("vera-sums", 1, minute): fast, Span("vera-sums", 0, minute - 7200): slow})

    def test_the_last_day_is_shown_with_charts_and_as_tables(self, client: Client) -> None:
        text = pages.text_of(client.get("/endpoints/vera-sums/"))
        assert "Requests 100" in text
        assert "Error rate 5 %" in text
        assert "p95 latency 175 ms median 7.78 ms" in text
        assert text.count("Show as table") == 2
        assert "v1" in text

    def test_the_versions_that_answered_are_named(self, client: Client) -> None:
        text = pages.text_of(client.get("/endpoints/vera-sums/"))
        assert "1 90 9.75 ms 0 % just now" in text
        assert "no version in service 10" in text

    def test_the_figures_can_be_downloaded(self, client: Client) -> None:
        response = client.get("/endpoints/vera-sums/figures.csv")
        rows = list(csv.DictReader(StringIO(response.content.decode())))
        assert response["Content-Type"].startswith("text/csv")
        assert len(rows) == 96
        assert (rows[-1]["requests"], rows[-1]["errors_5xx"]) == ("90", "0")
        assert rows[0]["p95_ms"] == ""
        assert len(client.get("/endpoints/vera-sums/figures.csv?period=hour").content.splitlines()) == 61
