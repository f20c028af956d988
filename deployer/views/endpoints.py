"""Pages of endpoints: what they are, how to call them, and a form that does."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from deployer import routing, selectors, traffic
from deployer.backends import serving_backend
from deployer.errors import NotFoundError, PortalError, UserError
from deployer.models import Endpoint
from deployer.routing import NothingServedError
from deployer.snippets import snippets
from deployer.sync import health_word
from deployer.traffic_charts import rollout_markers, traffic_charts, traffic_csv
from deployer.views.periods import chosen_period, csv_response
from registry.messages import message
from registry.permissions import may_operate
from registry.readable_json import readable_json
from registry.views.access import paged

SHOWN_CHARACTERS = 20_000
LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedRequest:
    """What came of a request typed on the page. `title` and `body` are set if it failed."""

    text: str = ""
    status: int = 0
    milliseconds: int = 0
    version: str = ""
    cut: bool = False
    title: str = ""
    body: str = ""


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Every endpoint with what answers there."""
    page = paged(request, selectors.endpoints())
    return render(request, "deployer/endpoints.html", {"page": page, "nav_section": "operations"})


@require_safe
def detail(request: HttpRequest, name: str) -> HttpResponse:
    """One endpoint: the version that answers, snippets, a form to try it, history."""
    return _page(request, selectors.endpoint_by_name(name))


@require_safe
def figures_csv(request: HttpRequest, name: str) -> HttpResponse:
    """The endpoint's request figures of a period, slot by slot."""
    endpoint = selectors.endpoint_by_name(name)
    slots = traffic.by_slot(chosen_period(request), now=time.time(), endpoint=endpoint)
    return csv_response(traffic_csv(slots), name=f"{endpoint.name}.csv")


@require_safe
def example(_request: HttpRequest, name: str) -> HttpResponse:
    """The first example request, to be piped into the endpoint."""
    found = selectors.first_example(selectors.endpoint_by_name(name))
    if found is None:
        raise NotFoundError("try.no_example")
    return JsonResponse(found.request)


@require_http_methods(["GET", "HEAD", "POST"])
def try_it(request: HttpRequest, name: str) -> HttpResponse:
    """Send the typed request, or one of the examples, and show the answer on the endpoint's page."""
    if request.method != "POST":
        return redirect("deployer:endpoint", name)
    endpoint = selectors.endpoint_by_name(name)
    typed = request.POST.get("request", "")
    try:
        if not typed.strip():
            typed = _chosen_example(endpoint, request.POST.get("example", ""))
        tried = _send(endpoint.name, _checked(typed))
        status = HTTPStatus.OK
    except NothingServedError as error:
        tried, status = _failed(f"serving.nothing_{error.silence}", {}), HTTPStatus.SERVICE_UNAVAILABLE
    except PortalError as error:
        tried, status = _failed(error.code, error.params), HTTPStatus(error.http_status)
    return _page(request, endpoint, typed=typed, tried=tried, status=status)


def _page(
    request: HttpRequest,
    endpoint: Endpoint,
    *,
    typed: str = "",
    tried: TriedRequest | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    shown = selectors.first_example(endpoint)
    now = time.time()
    day = traffic.LAST_DAY
    context: dict[str, Any] = {
        "endpoint": endpoint,
        "current": endpoint.current,
        "page": paged(request, selectors.history_of(endpoint), size=10),
        "example": shown,
        "typed": typed or (readable_json(shown.request) if shown else ""),
        "tried": tried,
        "infer_url": _absolute(request, reverse("deployer:v2_infer", args=[endpoint.name])),
        "may_operate": may_operate(request.user),
        "health": health_word(endpoint.current) if endpoint.current is not None else "",
        "day": traffic.in_all(day, now=now, endpoint=endpoint),
        "charts": traffic_charts(
            traffic.by_slot(day, now=now, endpoint=endpoint), markers=rollout_markers(day, now=now, endpoint=endpoint)
        ),
        "answered": _answered_by(endpoint, now),
        "csv_url": reverse("deployer:endpoint_figures", args=[endpoint.name]),
        "nav_section": "operations",
    }
    if shown is not None:
        context["snippets"] = snippets(
            infer_url=context["infer_url"],
            example_url=_absolute(request, reverse("deployer:endpoint_example", args=[endpoint.name])),
            request=shown.request,
        )
    return render(request, "deployer/endpoint.html", context, status=status)


def _answered_by(endpoint: Endpoint, now: float) -> list[tuple[traffic.VersionFigures, datetime]]:
    """The versions that answered in the last week, each with the moment of its newest figures."""
    rows = traffic.by_version(traffic.PERIODS["week"], now=now, endpoint=endpoint)
    return [(row, datetime.fromtimestamp(row.last_at, UTC)) for row in rows]


def _absolute(request: HttpRequest, path: str) -> str:
    return f"{settings.SITE_URL}{path}" if settings.SITE_URL else request.build_absolute_uri(path)


def _chosen_example(endpoint: Endpoint, position: str) -> str:
    examples = endpoint.current.version.examples.order_by("position") if endpoint.current is not None else None
    if examples is None:
        return "{}"
    if position.isdecimal():
        examples = examples.filter(position=int(position)) if len(position) < LONGEST_NUMBER else examples.none()
    chosen = examples.first()
    if chosen is None:
        raise NotFoundError("try.no_example")
    return readable_json(chosen.request)


def _checked(typed: str) -> bytes:
    body, limit = typed.encode(), settings.LIMITS["gateway_max_bytes"]
    if len(body) > limit:
        raise UserError("try.too_large", limit=limit)
    try:
        json.loads(typed)
    except json.JSONDecodeError as error:
        raise UserError("try.not_json", line=error.lineno, column=error.colno) from error
    except (ValueError, RecursionError) as error:
        raise UserError("try.not_json", line=1, column=1) from error
    return body


def _send(name: str, body: bytes) -> TriedRequest:
    began = time.perf_counter()
    answer = routing.ask(
        serving_backend(),
        name,
        method="POST",
        path=f"/v2/models/{name}/infer",
        body=body,
        content_type="application/json",
        timeout=float(settings.GATEWAY_TIMEOUT_SECONDS),
    )
    milliseconds = round((time.perf_counter() - began) * 1000)
    text = answer.response.body.decode("utf-8", "replace")
    with contextlib.suppress(ValueError, RecursionError):  # what is not JSON is shown as it came
        text = readable_json(json.loads(text))
    return TriedRequest(
        text=text[:SHOWN_CHARACTERS],
        cut=len(text) > SHOWN_CHARACTERS,
        status=answer.response.status,
        milliseconds=milliseconds,
        version=answer.route.version,
    )


def _failed(code: str, params: Any) -> TriedRequest:
    text = message(code, params)
    return TriedRequest(title=str(text.title), body=str(text.body))
