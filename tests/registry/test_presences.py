from __future__ import annotations

from typing import Any

import pytest

from registry import selectors
from registry.interfaces import ServingInfo
from registry.models import ModelVersion, RegisteredModel, VersionState
from registry.views.draft.stepper import steps_of
from tests.factories import make_draft, make_model
from tests.fakes.directory import FakeServingDirectory
from tests.fakes.wiring import entry

pytestmark = pytest.mark.django_db


def one_live(version: ModelVersion) -> FakeServingDirectory:
    """A serving directory in which a single version answers."""
    info = ServingInfo(version_id=version.pk, word="in_production", live=True)
    directory = FakeServingDirectory()
    directory.add(version.registered_model_id, info)
    return directory


def seen(model: RegisteredModel) -> tuple[int, int | None]:
    presence = selectors.presences([model])[model.pk]
    return presence.shown.version.number, presence.coming.version.number if presence.coming else None


@pytest.fixture
def model(fakes: Any) -> RegisteredModel:
    made = make_model()
    for state in (VersionState.APPROVED, VersionState.APPROVED, VersionState.IN_REVIEW, VersionState.DRAFT):
        make_draft(made, state=state)
    return made


def test_lists_show_the_newest_public_version_while_none_is_served(model: RegisteredModel) -> None:
    assert seen(model) == (3, None)


def test_lists_show_the_served_version_and_the_one_to_come(model: RegisteredModel, settings: Any) -> None:
    served = model.versions.get(number=1)
    settings.BACKENDS = {**settings.BACKENDS, "serving_directory": entry(one_live(served))}
    assert seen(model) == (1, 3)


def test_a_model_of_which_nothing_was_submitted_has_no_presence(fakes: Any) -> None:
    assert selectors.presences([make_draft().registered_model]) == {}


def test_steps_count_as_done_by_what_the_draft_has(fakes: Any) -> None:
    draft = make_draft(files={}, card_source="")
    states = {step.label: step.state for step in steps_of(draft, "files")}
    assert states == {
        "Basics": "done",
        "Files": "current",
        "Model card": "todo",
        "Examples and resources": "done",
        "Check and submit": "todo",
    }
