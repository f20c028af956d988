"""A form of somebody whose session has ended: what they typed is shown again, and the way back leads to a page."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme

from portal.error_pages import request_id, small_answer, typed_in
from portal.error_texts import ErrorText
from registry.messages import message

CODE = "rights.sign_in"


def signed_out(request: HttpRequest) -> HttpResponse:
    """Ask to sign in: at once where nothing is lost by it, else below what was typed."""
    text = message(CODE)
    small = small_answer(request, HTTPStatus.FORBIDDEN, ErrorText(CODE, text.title, text.body))
    if small is not None:
        return small
    typed, back = typed_in(request), page_to_return_to(request)
    if not typed:
        return redirect_to_login(back)
    sign_in_url = f"{resolve_url('account_login')}?{urlencode({'next': back})}"
    context = {"text": text, "typed": typed, "sign_in_url": sign_in_url, "request_id": request_id(request)}
    return render(request, "errors/signed_out.html", context, status=HTTPStatus.FORBIDDEN)


def page_to_return_to(request: HttpRequest) -> str:
    """The page with the form, if the browser names it; never an address that takes nothing but forms."""
    referer = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(referer, allowed_hosts={request.get_host()}):
        named = urlsplit(referer)
        if is_page(named.path):
            return named._replace(scheme="", netloc="", fragment="").geturl()
    return request.get_full_path() if is_page(request.path) else resolve_url("registry:home")


def is_page(path: str) -> bool:
    """Whether a visit finds something at the address."""
    try:
        view: Any = resolve(path).func
    except Resolver404:
        return False
    methods = _allowed_methods(view)
    return methods is None or "GET" in methods


def _allowed_methods(view: Callable[..., object] | None) -> list[str] | None:
    """What Django's `require_http_methods` was told, which it keeps to itself; None where nobody asked for it."""
    while view is not None:
        known = inspect.getclosurevars(view).nonlocals if inspect.isfunction(view) else {}
        if "request_method_list" in known:
            return list(known["request_method_list"])
        view = getattr(view, "__wrapped__", None)
    return None
