"""Fixtures for every test. A test that needs other fakes replaces entries of `settings.BACKENDS` the same way."""

from __future__ import annotations

import functools
import gc
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as properties

from deployer import reachability
from registry import cards
from registry.permissions import GROUPS
from tests.distribution import pytest_collection_modifyitems, pytest_xdist_make_scheduler
from tests.fakes.blobs import InMemoryBlobStore
from tests.fakes.inspection import FakeInspector, FakeScanner
from tests.fakes.runtimes import FakeRuntimeCatalogue
from tests.fakes.wiring import entry

__all__ = ["pytest_collection_modifyitems", "pytest_xdist_make_scheduler"]  # hooks

# A busy machine is no fault of what is tested: properties are searched without a clock.
properties.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
properties.load_profile("unhurried")


def pytest_collection_finish() -> None:
    """Modules, tests and models stay until the end: the garbage collector need not look at them again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """A page that a test asked for in another language leaves that language to its thread, as a web server may."""
    yield
    translation.deactivate()


@pytest.fixture
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """`time.time` stands still: no hour, by which turns are counted, ends within the test."""
    moment = time.time()
    monkeypatch.setattr(time, "time", lambda: moment)


@pytest.fixture(scope="session", autouse=True)
def _rendered_once() -> Iterator[None]:
    """The same Markdown becomes the same HTML: only the first time another process is started for it.

    What the renderer refuses is refused anew each time.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cards, "_render", functools.cache(cards._render))
        yield


@pytest.fixture(scope="session", autouse=True)
def _parts_unasked() -> Iterator[None]:
    """The sweep asks content store and registry once a minute and process; no test shall be the one that it befalls."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reachability, "_asked_at", math.inf)
        yield


@receiver(post_migrate, sender=apps.get_app_config("auth"))
def groups_as_after_migrations(using: str, **_more: object) -> None:
    """A test that empties the database leaves it to the next one as the migrations did: with the groups."""
    group = apps.get_model("auth", "Group")
    group.objects.using(using).bulk_create([group(name=name) for name in GROUPS], ignore_conflicts=True)


@dataclass(frozen=True)
class RegistryFakes:
    """The registry's outside systems, in memory."""

    blobs: InMemoryBlobStore
    inspector: FakeInspector
    scanner: FakeScanner
    runtimes: FakeRuntimeCatalogue


@pytest.fixture
def fakes(settings: Any, tmp_path: Path) -> RegistryFakes:
    """Fakes for content store, gate, scanner and runtimes, wired through the settings for this test."""
    scratch = tmp_path / "blobs"
    scratch.mkdir()
    made = RegistryFakes(InMemoryBlobStore(scratch), FakeInspector(), FakeScanner(), FakeRuntimeCatalogue())
    settings.BACKENDS = {
        **settings.BACKENDS,
        "blob_store": entry(made.blobs),
        "file_inspector": entry(made.inspector),
        "pickle_scanner": entry(made.scanner),
        "runtime_catalogue": entry(made.runtimes),
    }
    return made
