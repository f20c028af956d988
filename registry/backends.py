"""Builds the outside systems that the settings name; the one door for pages, workers and tests."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

from django.conf import settings
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from registry.interfaces import (
    BlobStore,
    DirectUploads,
    FileInspector,
    PickleScanner,
    RuntimeCatalogue,
    ServingDirectory,
)


def build(role: str, **extra: Any) -> Any:
    """An instance of the class that `settings.BACKENDS` names for this role."""
    entry = settings.BACKENDS[role]
    return import_string(entry["class"])(**entry["options"], **extra)


@lru_cache(maxsize=1)
def blob_store() -> BlobStore:
    """The content store."""
    return cast("BlobStore", build("blob_store"))


@lru_cache(maxsize=1)
def direct_uploads() -> DirectUploads | None:
    """Where clients may send bytes past the portal; None where the settings name no such place."""
    if "direct_uploads" not in settings.BACKENDS:
        return None
    return cast("DirectUploads", build("direct_uploads", store=blob_store()))


@lru_cache(maxsize=1)
def file_inspector() -> FileInspector:
    """The format gate."""
    return cast("FileInspector", build("file_inspector"))


@lru_cache(maxsize=1)
def pickle_scanner() -> PickleScanner:
    """The second opinion."""
    return cast("PickleScanner", build("pickle_scanner"))


@lru_cache(maxsize=1)
def runtime_catalogue() -> RuntimeCatalogue:
    """The runtimes that this portal can serve with."""
    return cast("RuntimeCatalogue", build("runtime_catalogue"))


@lru_cache(maxsize=1)
def serving_directory() -> ServingDirectory:
    """What is served where, for pages of the registry."""
    return cast("ServingDirectory", build("serving_directory"))


def _forget(*, setting: str, **_kwargs: Any) -> None:
    if setting == "BACKENDS":
        for door in (blob_store, direct_uploads, file_inspector, pickle_scanner, runtime_catalogue, serving_directory):
            door.cache_clear()


setting_changed.connect(_forget)
