"""Errors reach people as a page, htmx as a fragment, programs as problem details, each with what to quote."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from portal.error_texts import TEXTS
from portal.urls import handler400, handler403, handler404, handler429, handler500  # noqa: F401  # Django looks here
from registry.errors import ConflictError, TransientError
from tests.factories import make_account

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
FAULTS: dict[int, Exception] = {
    400: SuspiciousOperation(),
    403: PermissionDenied(),
    409: ConflictError("lifecycle.moved_first"),
    413: RequestDataTooBig(),
    500: ZeroDivisionError(),
    503: OperationalError("the database is away; password=hunter2"),
}
HTML, JSON = {"accept": "text/html"}, {"accept": "application/json"}
HTMX = {"accept": "*/*", "hx-request": "true"}


def fail(_request: HttpRequest, status: int) -> HttpResponse:
    raise FAULTS[status]


def limited(request: HttpRequest) -> HttpResponse:
    from allauth.core.internal.ratelimit import respond_429

    return respond_429(request)  # type: ignore[no-any-return]  # allauth ships no types


def busy(_request: HttpRequest) -> HttpResponse:
    raise TransientError("storage.busy")


def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.POST["comment"])


urlpatterns = [
    path("fail/<int:status>/", fail),
    path("serve/v2/models/<int:status>/infer", csrf_exempt(fail)),
    path("limited/", limited),
    path("busy/", busy),
    path("form/", form),
    path("post/", require_POST(fail)),
    path("", include("portal.urls")),
]
ADDRESSES = {status: f"/fail/{status}/" for status in FAULTS} | {404: "/nothing/here/", 405: "/post/", 429: "/limited/"}


def ask(address: str, headers: dict[str, str]) -> Any:
    return Client(raise_request_exception=False).get(address, headers=headers)


@pytest.mark.parametrize("status", sorted(ADDRESSES))
def test_people_get_a_page_with_a_reference_and_a_way_on(status: int) -> None:
    response = ask(ADDRESSES[status], HTML)
    page = response.content.decode()

    assert response.status_code == status
    assert page.count("<h1") == 1
    assert f'<code dir="ltr">{response["X-Request-Id"]}</code>' in page
    assert 'class="error-page"' in page
    assert page.count("<a ") >= 1
    assert "hunter2" not in page


@pytest.mark.parametrize("status", sorted(ADDRESSES))
def test_programs_get_problem_details(status: int) -> None:
    response = ask(ADDRESSES[status], JSON)
    body = response.json()

    assert response.status_code == body["status"] == status
    assert response["Content-Type"] == "application/problem+json"
    assert body["request_id"] == response["X-Request-Id"]
    assert body["code"]
    assert body["title"]
    assert body["detail"]


@pytest.mark.parametrize("status", sorted(ADDRESSES))
def test_htmx_gets_a_message_for_the_live_region(status: int) -> None:
    response = ask(ADDRESSES[status], HTMX)
    page = response.content.decode()

    assert response.status_code == status
    assert response["HX-Retarget"] == "#page-errors"
    assert "<html" not in page
    assert response["X-Request-Id"] in page
    assert 'id="page-errors"' in Client().get("/models/").content.decode()


@pytest.mark.parametrize("status", [413, 500, 503])
def test_callers_of_models_get_the_protocols_error(status: int) -> None:
    """Whatever they accept: curl accepts a page, and would be given one in the middle of its predictions."""
    client = Client(raise_request_exception=False)
    response = client.post(f"/serve/v2/models/{status}/infer", "{}", content_type="application/json")

    assert (response.status_code, response["Content-Type"]) == (status, "application/json")
    assert list(response.json()) == ["error"]
    assert response["Access-Control-Allow-Origin"] == "*"
    assert (response.headers.get("Retry-After") is not None) == (status == 503)


@pytest.mark.parametrize("status", [403, 404, 405, 500])
def test_the_log_knows_the_reference(status: int, caplog: pytest.LogCaptureFixture) -> None:
    response = ask(ADDRESSES[status], HTML)

    lines = [record for record in caplog.records if record.name == "django.request"]
    assert {getattr(line, "request_id", "") for line in lines} == {response["X-Request-Id"]}


def test_who_may_come_back_is_told_when() -> None:
    assert ask("/limited/", HTML)["Retry-After"] == "60"
    assert ask("/fail/503/", HTML)["Retry-After"] == "30"
    assert ask("/post/", HTML)["Allow"] == "POST"


def test_each_status_has_words() -> None:
    assert {str(status) for status in ADDRESSES if status != 409} <= set(TEXTS)


class TestExpiredForms:
    def send(self, origin: str, **fields: str) -> Any:
        client = Client(enforce_csrf_checks=True)
        headers = {"accept": "text/html", "origin": origin} if origin else {"accept": "text/html"}
        return client.post("/form/", {"csrfmiddlewaretoken": "x" * 32, **fields}, headers=headers)

    def test_what_was_typed_can_be_copied(self) -> None:
        response = self.send("http://testserver", comment="An hour's <work>\nkept", password="hunter2", pk="")
        page = response.content.decode()

        assert response.status_code == 403
        assert "An hour&#x27;s &lt;work&gt;\nkept</textarea>" in page
        assert "hunter2" not in page
        assert 'href="/form/"' in page
        assert '<form method="post" action="/form/"' not in page, "nothing is sent on: it may be a trap"

    @pytest.mark.parametrize("origin", ["https://evil.example", ""])
    def test_what_another_site_sent_is_not_shown(self, origin: str) -> None:
        response = self.send(origin, comment="Press here to win")

        assert response.status_code == 403
        assert "Press here to win" not in response.content.decode()

    def test_nothing_else_changes_hands(self) -> None:
        response = Client(enforce_csrf_checks=True).post("/form/", {"comment": "x"}, headers=JSON)

        assert response.json()["code"] == "http.form_expired"


class TestHeaders:
    def test_doors_that_no_page_needs_are_shut(self) -> None:
        response = Client().get("/models/")

        assert headers_of(response) == EXPECTED
        assert "camera=()" in response["Permissions-Policy"]
        assert "Cache-Control" not in response, "public pages may be cached"

    @pytest.mark.parametrize("address", ["/nothing/here/", "/post/", "/limited/", "/healthz", "/fail/500/"])
    def test_errors_have_them_too(self, address: str) -> None:
        response = ask(address, HTML)

        assert headers_of(response) == EXPECTED

    def test_pages_of_the_signed_in_are_kept_nowhere(self) -> None:
        client = Client()
        client.force_login(make_account())

        for address in ("/mine/", "/account/security/", "/models/"):
            assert "no-store" in client.get(address)["Cache-Control"]

    def test_cookies_are_out_of_reach(self) -> None:
        client = Client()
        client.get("/accounts/login/")
        client.post("/accounts/login/", {"login": make_account("amina").username, "password": "correct-horse-battery"})

        for name in ("sessionid", "csrftoken"):
            cookie = client.cookies[name]
            assert (bool(cookie["httponly"]), cookie["samesite"], cookie["domain"]) == (True, "Lax", "")


EXPECTED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}


def headers_of(response: Any) -> dict[str, str]:
    assert set(response["Content-Security-Policy"].split("; ")) == POLICY
    return {name: response[name] for name in EXPECTED}
