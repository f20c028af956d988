"""Addresses, texts and costs of pages."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse


def to(route: str, *args: object, **kwargs: object) -> str:
    return reverse(f"registry:{route}", args=args, kwargs=kwargs)


def text_of(response: Any) -> str:
    return str(response.content.decode())


def count_queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)
