"""Endpoints: what answers, and how to call it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from deployer import selectors
from deployer.api.answers import EndpointAnswer, EndpointDetailAnswer, endpoint_rows
from deployer.api.figures import EndpointTrafficAnswer, PeriodQuery, traffic_row
from deployer.errors import NotFoundError
from deployer.snippets import snippets
from registry.api.addresses import absolute
from registry.api.base import ApiView, answered
from registry.api.fields import DictField
from registry.api.operations import operation
from registry.api.paging import Order, PageQuery, page_answer, page_of, shown_page


class ExampleRequestAnswer(Serializer[Any]):
    """The first example of the version that answers."""

    request = DictField(help_text="What to POST to “infer_url”.")


class Endpoints(ApiView):
    """Every endpoint."""

    tag = "Endpoints"

    @operation(
        name="list_endpoints", summary="List endpoints with what answers there.", query=PageQuery,
        answer=page_answer(EndpointAnswer),
    )  # fmt: skip
    def get(self, request: Request, query: Mapping[str, Any]) -> Response:
        """A page of endpoints, newest first."""
        page = page_of(selectors.endpoints(), order=Order(("pk",)), cursor=query.get("cursor"), limit=query["limit"])
        return answered(
            page_answer(EndpointAnswer), shown_page(request, page, lambda rows: endpoint_rows(request, rows))
        )


class OneEndpoint(ApiView):
    """One endpoint."""

    tag = "Endpoints"

    @operation(name="read_endpoint", summary="Read an endpoint and how to call it.", answer=EndpointDetailAnswer)
    def get(self, request: Request, name: str) -> Response:
        """The endpoint with snippets, where there is an example."""
        endpoint = selectors.endpoint_by_name(name)
        example = selectors.first_example(endpoint)
        shown = (
            snippets(
                infer_url=absolute(request, "deployer:v2_infer", name),
                example_url=absolute(request, "deployer:endpoint_example", name),
                request=example.request,
            )
            if example is not None
            else None
        )
        return answered(EndpointDetailAnswer, {**endpoint_rows(request, [endpoint])[0], "snippets": shown})


class EndpointFigures(ApiView):
    """The requests of one endpoint."""

    tag = "Endpoints"

    @operation(
        name="read_endpoint_figures", summary="Read an endpoint's request figures of a period.", query=PeriodQuery,
        answer=EndpointTrafficAnswer,
    )  # fmt: skip
    def get(self, request: Request, name: str, query: Mapping[str, Any]) -> Response:
        """In all, slot by slot, and by the version that answered."""
        del request
        endpoint = selectors.endpoint_by_name(name)
        return answered(EndpointTrafficAnswer, traffic_row(query["period"], now=time.time(), endpoint=endpoint))


class Example(ApiView):
    """The first example request."""

    tag = "Endpoints"

    @operation(
        name="read_endpoint_example", summary="Read an example request for an endpoint.", answer=ExampleRequestAnswer
    )
    def get(self, request: Request, name: str) -> Response:
        """The request; 404 where there is none."""
        del request
        example = selectors.first_example(selectors.endpoint_by_name(name))
        if example is None:
            raise NotFoundError("try.no_example")
        return answered(ExampleRequestAnswer, {"request": example.request})
