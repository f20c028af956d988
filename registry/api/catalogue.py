"""Models: searched, read, created and described."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from registry import selectors, services
from registry.api.addresses import absolute
from registry.api.answers import (
    ModelAnswer,
    VersionAnswer,
    VersionDetailAnswer,
    model_rows,
    version_detail,
    version_rows,
)
from registry.api.base import ApiView, answered
from registry.api.fields import BooleanField, CharField, ChoiceField, NothingBody, StrictSerializer
from registry.api.operations import operation
from registry.api.paging import (
    NEWEST_FIRST,
    CursorPage,
    Order,
    PageQuery,
    page_answer,
    page_of,
    page_of_ids,
    shown_page,
)
from registry.errors import UnauthenticatedError
from registry.model_tasks import ModelTask
from registry.models import Account, ModelVersion, Scope
from registry.permissions import may_submit

NEWEST_NUMBER_FIRST = Order(("number",))
ORDERS = {
    "newest": NEWEST_FIRST,
    "updated": Order(("updated_at", "pk")),
    "name": Order(("name", "pk"), descending=False),
}
BEST_FIT = "relevance"


class ModelQuery(PageQuery):
    """What to look for."""

    q = CharField(required=False, max_length=100, help_text="Words in names, owners and summaries.")
    task = ChoiceField(choices=ModelTask.choices, required=False)
    licence = CharField(required=False, max_length=60, help_text="An SPDX identifier.")
    format = CharField(required=False, max_length=30, help_text="As in “xgboost-json”.")
    language = CharField(required=False, max_length=20, help_text="A code, as in “en”.")
    status = CharField(required=False, max_length=20, help_text="The one word that pages show.")
    owner = CharField(required=False, max_length=150, help_text="A user name.")
    sort = ChoiceField(
        choices=[*ORDERS, BEST_FIT], required=False, default="newest",
        help_text=f"“{BEST_FIT}”: the best fit for the words of “q”, {selectors.MOST_LISTED} models at most.",
    )  # fmt: skip
    live = BooleanField(required=False, help_text="True: only models that are served now.")
    mine = BooleanField(required=False, help_text="True: only your own, drafts included; needs a token.")


class NewModelBody(StrictSerializer):
    """A new model."""

    name = CharField(
        min_length=2,
        max_length=39,
        help_text="Lower-case letters, digits and single hyphens; it cannot be changed later.",
    )
    summary = CharField(max_length=200, help_text="One sentence: what does it tell about what?")
    task = ChoiceField(choices=ModelTask.choices)


class ModelBody(StrictSerializer):
    """What may change of a model."""

    summary = CharField(max_length=200, required=False)
    task = ChoiceField(choices=ModelTask.choices, required=False)


class Models(ApiView):
    """The catalogue."""

    tag = "Models"

    @operation(
        name="list_models", summary="Search the catalogue.", query=ModelQuery, answer=page_answer(ModelAnswer),
    )  # fmt: skip
    def get(self, request: Request, query: Mapping[str, Any]) -> Response:
        """A page of models."""
        if query.get("mine", False):
            if not isinstance(request.user, Account):
                raise UnauthenticatedError("api.sign_in")
            found = selectors.own_models(self.account())
            page = page_of(found, order=NEWEST_FIRST, cursor=query.get("cursor"), limit=query["limit"])
            shown = shown_page(request, page, lambda rows: model_rows(request, rows, own=True))
        else:
            page = _searched(query)
            shown = shown_page(request, page, lambda rows: model_rows(request, [row.registered_model for row in rows]))
        return answered(page_answer(ModelAnswer), shown)

    @operation(
        name="create_model", summary="Register a model and open its first draft.", scopes=(Scope.SUBMIT,),
        right=may_submit, body=NewModelBody, answer=VersionDetailAnswer, status=HTTPStatus.CREATED,
    )  # fmt: skip
    def post(self, request: Request, given: Mapping[str, Any]) -> Response:
        """The draft."""
        draft = services.register_model(actor=self.account(), **given)
        return _created(request, draft)


class Model(ApiView):
    """One model."""

    tag = "Models"

    @operation(name="read_model", summary="Read a model.", answer=ModelAnswer, gives_edition=True)
    def get(self, request: Request, owner: str, name: str) -> Response:
        """The model, with the ETag of its summary and task."""
        model = selectors.model_named(user=request.user, owner=owner, name=name)
        own = model.owner_id == request.user.pk
        return answered(ModelAnswer, model_rows(request, [model], own=own)[0], edition=model)

    @operation(
        name="change_model", summary="Change a model's summary or task.", scopes=(Scope.SUBMIT,), right=may_submit,
        body=ModelBody, answer=ModelAnswer, needs_edition=True, gives_edition=True,
    )  # fmt: skip
    def patch(self, request: Request, owner: str, name: str, given: Mapping[str, Any]) -> Response:
        """The model as it is afterwards."""
        seen = self.edition_seen()
        model = selectors.model_named(user=request.user, owner=owner, name=name)
        model = services.update_model(registered_model=model, actor=self.account(), seen=seen, **given)
        return answered(ModelAnswer, model_rows(request, [model], own=True)[0], edition=model)


class ModelVersions(ApiView):
    """The versions of one model."""

    tag = "Versions"

    @operation(
        name="list_versions", summary="List a model's versions, newest first.", query=PageQuery,
        answer=page_answer(VersionAnswer),
    )  # fmt: skip
    def get(self, request: Request, owner: str, name: str, query: Mapping[str, Any]) -> Response:
        """A page of versions."""
        model = selectors.model_named(user=request.user, owner=owner, name=name)
        found = selectors.versions_of(registered_model=model, user=request.user).select_related("submitted_by")
        page = page_of(found, order=NEWEST_NUMBER_FIRST, cursor=query.get("cursor"), limit=query["limit"])

        def shown(rows: Iterable[ModelVersion]) -> Iterable[dict[str, object]]:
            return version_rows(request, selectors.as_seen(request.user, rows))

        return answered(page_answer(VersionAnswer), shown_page(request, page, shown))

    @operation(
        name="start_version", summary="Open the next draft, or the one that is open.",
        description="It begins with the newest version's card, licence, resources and examples.",
        scopes=(Scope.SUBMIT,), right=may_submit, body=NothingBody, answer=VersionDetailAnswer,
        status=HTTPStatus.CREATED,
    )  # fmt: skip
    def post(self, request: Request, owner: str, name: str, given: Mapping[str, Any]) -> Response:
        """The draft."""
        del given
        model = selectors.model_named(user=request.user, owner=owner, name=name)
        return _created(request, services.start_version(registered_model=model, actor=self.account()))


def _searched(query: Mapping[str, Any]) -> CursorPage:
    """A page of the catalogue's entries."""
    words, sort = query.get("q", ""), query["sort"]
    chosen = {facet: query[facet] for facet in selectors.FACETS if query.get(facet)}
    live_only = query.get("live", False)
    if sort == BEST_FIT:
        ids = selectors.best_fits(words=words, chosen=chosen, live_only=live_only)
        page = page_of_ids(ids, cursor=query.get("cursor"), limit=query["limit"])
        return replace(page, rows=selectors.entries_in_order(page.rows, with_models=True))
    found = selectors.catalogue(query=words, chosen=chosen, live_only=live_only)
    return page_of(found, order=ORDERS[sort], cursor=query.get("cursor"), limit=query["limit"])


def _created(request: Request, draft: Any) -> Response:
    return answered(
        VersionDetailAnswer,
        version_detail(request, draft),
        status=HTTPStatus.CREATED,
        edition=draft,
        location=absolute(request, "api:version", draft.pk),
    )
