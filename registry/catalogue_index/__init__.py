"""The full-text index of the catalogue: words and filters of each entry, in the portal's own database."""

from __future__ import annotations

from django.db import connection

from registry.catalogue_index.postgres import PostgresCatalogueIndex
from registry.catalogue_index.sqlite import SqliteCatalogueIndex
from registry.interfaces import CatalogueIndex

__all__ = ["catalogue_index"]


def catalogue_index() -> CatalogueIndex:
    """The index of the database that is in use."""
    return PostgresCatalogueIndex() if connection.vendor == "postgresql" else SqliteCatalogueIndex()
