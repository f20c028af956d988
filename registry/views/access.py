"""Who may enter a view, and how services' errors come back to the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

from registry.errors import ForbiddenError, NotFoundError, SignedOutError, UserError
from registry.messages import message
from registry.models import Account
from registry.permissions import User, lacks_second_factor

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
PAGE_SIZE = 25
LONGEST_QUERY = 100
LARGEST_NUMBER = 2**63 - 1  # that a row's id can be


def requires(right: Callable[[User], bool]) -> Callable[[View[P]], View[P]]:
    """Let in who holds the right; a visitor may sign in first, anybody else is told that it is not theirs."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                if request.method == "POST":
                    raise SignedOutError("rights.sign_in")
                return redirect_to_login(request.get_full_path())
            if not right(request.user):
                if lacks_second_factor(request.user):
                    raise ForbiddenError("rights.second_factor")
                raise ForbiddenError(f"rights.{right.__name__}")
            return view(request, *args, **kwargs)

        return cast(View[P], guarded)

    return decorate


def account_of(request: HttpRequest) -> Account:
    """The signed-in account; only for views behind `requires`."""
    return cast(Account, request.user)


@contextmanager
def errors_on(form: forms.Form) -> Iterator[None]:
    """Put a service's refusal beside the field it names, so that nothing typed is lost."""
    try:
        yield
    except (ForbiddenError, NotFoundError):
        raise  # nothing that the form could mend
    except UserError as error:
        text = message(error.code, error.params)
        field = error.field if error.field in form.fields else None
        form.add_error(field, f"{text.title} {text.body}".strip())


@contextmanager
def errors_as_messages(request: HttpRequest, *, about: str = "") -> Iterator[None]:
    """Show a service's refusal above the next page; `about` names the thing, where there may be several."""
    try:
        yield
    except (ForbiddenError, NotFoundError):
        raise  # there is no page to go back to
    except UserError as error:
        text = message(error.code, error.params)
        said = " ".join(str(part) for part in (text.title, text.body, error.params.get("advice")) if part)
        messages.error(request, f"{about}: {said}" if about else said)


def asked(request: HttpRequest, name: str) -> str:
    """A field of the address, without the null characters that no database takes."""
    return request.GET.get(name, "").replace("\x00", "").strip()[:LONGEST_QUERY]


def asked_number(request: HttpRequest, name: str) -> int | None:
    """A whole number of the address, the largest that there is for a larger one; None for anything else."""
    text = asked(request, name)
    return min(int(text), LARGEST_NUMBER) if text.isascii() and text.isdigit() else None


def own_page(request: HttpRequest, otherwise: str) -> str:
    """The page of this portal that a form names as `next`, or else the other address."""
    target = request.POST.get("next", "")
    is_ours = target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    return target if is_ours else otherwise


def paged(request: HttpRequest, rows: QuerySet, *, size: int = PAGE_SIZE) -> Page:  # type: ignore[type-arg]  # any model
    """The page that the address names; a senseless number gives the nearest page."""
    return Paginator(rows, size).get_page(request.GET.get("page"))
