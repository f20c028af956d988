"""Figures for Prometheus: what this web server answered, over all of its processes, and where things stand."""

from __future__ import annotations

import ipaddress
import os
import secrets
import time
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import generate_latest as written
from prometheus_client.multiprocess import MultiProcessCollector

from portal.standing import StandingCollector

GetResponse = Callable[[HttpRequest], HttpResponse]
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
PREDICTIONS = frozenset({"v2_infer", "v1_predict"})

requests = Counter(
    "model_commons_http_requests",
    "Answered requests by route; unknown addresses share one.",
    ["method", "route", "code"],
)
durations = Histogram(
    "model_commons_http_request_duration_seconds",
    "From the request's headers to the answer's first byte.",
    ["method", "route"],
    buckets=SECONDS,
)
under_way = Gauge(
    "model_commons_http_requests_in_progress", "Requests being answered now.", multiprocess_mode="livesum"
)
predictions = Counter("model_commons_endpoint_requests", "Predictions asked of each endpoint.", ["endpoint", "code"])


class MetricsMiddleware:
    """Counts each request when it is answered; the first of all, so that nothing escapes it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        began = time.perf_counter()
        with under_way.track_inprogress():
            response = self.get_response(request)
        _count(request, response.status_code, time.perf_counter() - began)
        return response


def _count(request: HttpRequest, status: int, seconds: float) -> None:
    match = request.resolver_match
    method = request.method if request.method in METHODS else "other"
    route = f"/{match.route}" if match else ""
    requests.labels(method, route, str(status)).inc()
    durations.labels(method, route).observe(seconds)
    # A name that nobody serves is the caller's invention, and there is no end to them.
    if match and match.url_name in PREDICTIONS and status not in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
        predictions.labels(str(match.kwargs["name"]), str(status)).inc()


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """All figures in Prometheus' text format; for everybody else there is nothing here."""
    if not may_read(request):
        return HttpResponseNotFound()
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)


def may_read(request: HttpRequest) -> bool:
    """By the token if there is one in the settings; else who comes straight, past every proxy, from a known network."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        return secrets.compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode())
    if "HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META:
        return False
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return any(address in network for network in settings.METRICS_NETWORKS)


def exposition() -> bytes:
    """The text: of all processes of this web server, and of the database as it stands."""
    standing = CollectorRegistry()
    standing.register(StandingCollector())
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return written(REGISTRY) + written(standing)
    everywhere = CollectorRegistry()
    MultiProcessCollector(everywhere)  # type: ignore[no-untyped-call]  # the library's
    return written(everywhere) + written(standing)
