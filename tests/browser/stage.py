"""Sets the scene in a live portal by its own services, in its environment.

`python -m tests.browser.stage accounts PASSWORD`: the demonstration's four accounts.
`… live NAME…`: models in production.
`… next NAME`: another version of one, in review; prints the review's address as JSON.
`… waiting NAME`: the first version of a volunteer's model, in review; prints the review's address as JSON.
`… own NAME`: the first version of a model of the reviewer's own, in review; prints the review's address as JSON.
`… token ACCOUNT`: a token with which the account may submit; prints its secret.
`… process NAME`: prints the process id of the served version as JSON.
`… scene NAME`: such a model with a second version in review, and a draft; prints their addresses as JSON.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from registry.models import Account, ModelVersion, RegisteredModel, ReviewThread

MODEL = Path(__file__).parents[1] / "data" / "models" / "iris-xgboost.json"
PASSWORD = "correct-horse-battery"
OWNER = "research"
WAIT_SECONDS = 120.0
SUMMARY = "Tells iris species apart by the sizes of their petals."
CARD = """\
---
license: MIT
tags: [flowers, teaching]
---

# Iris

Tells three species of iris apart by the length and width of sepals and petals, in centimetres.

## Intended use

Teaching, and trying out this portal. Do not identify plants with it.

## Training data

Fisher's 150 flowers of 1936: 50 of each species, measured by one person on the Gaspé Peninsula.

## Evaluation

| Species | Flowers | Precision | Recall | Confused with |
| --- | ---: | ---: | ---: | --- |
| setosa | 10 | 1.00 | 1.00 | |
| versicolor | 10 | 0.90 | 0.90 | virginica |
| virginica | 10 | 0.90 | 0.90 | versicolor |

## Limitations

Flowers of other species get one of the three names all the same.

## Bias and risks

One region, one season, one botanist: plants elsewhere may differ in size.
"""
CHANGES = {
    "# Iris\n": "# Iris species\n",
    "| versicolor | 10 | 0.90 |": "| versicolor | 10 | 1.00 |",
    "Flowers of other species get one of the three names all the same.": (
        "Flowers of other species get one of the three names all the same.\nMissing measurements are not accepted."
    ),
}
# What XGBoost itself answers for the first row of the data that the model was trained on.
REQUEST = {"inputs": [{"name": "input-0", "shape": [1, 4], "datatype": "FP32", "data": [5.1, 3.5, 1.4, 0.2]}]}
PROBABILITIES = [0.7022793, 0.1498897, 0.1478311]
EXPECTED = {"outputs": [{"name": "predict", "shape": [1, 3], "datatype": "FP32", "data": PROBABILITIES}]}
EXAMPLES = [{"title": "A setosa", "request": REQUEST, "expected": EXPECTED, "tolerance": 1e-4}]


def main(words: Sequence[str]) -> None:
    """The command line."""
    django.setup()
    from registry import demo

    if words[0] == "accounts":
        demo.ensure_demo_accounts(password=words[1])
    elif words[0] == "token":
        sys.stdout.write(make_token(words[1]) + "\n")
    elif words[0] == "live":
        bring_live(words[1:])
    else:
        scenes = {
            "next": bring_next,
            "own": bring_own,
            "waiting": bring_waiting,
            "process": process_of,
            "scene": make_scene,
        }
        sys.stdout.write(json.dumps(scenes[words[0]](words[1])) + "\n")


def bring_live(names: Sequence[str]) -> None:
    """Take models of `OWNER` the whole way."""
    from registry import demo
    from registry.seeding.loader import SeedExample, SeedFile, SeedModel

    content = MODEL.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    seeds = [
        SeedModel(
            owner=OWNER,
            owner_kind="team",
            name=name,
            title="Iris",
            summary=SUMMARY,
            task="tabular-classification",
            licence="MIT",
            model_format="xgboost-json",
            cpu_millis=500,
            memory_bytes=512 * 1024**2,
            card=CARD,
            files=(SeedFile(path=MODEL.name, source=MODEL, size=len(content), sha256=sha256),),
            examples=(SeedExample(title="A setosa", request=REQUEST, expected=EXPECTED, tolerance=1e-4),),
        )
        for name in names
    ]
    outcomes: list[str] = []
    demo.bring_in(seeds, say=outcomes.append)
    if sorted(outcomes) != sorted(f"{OWNER}/{name}: live" for name in names):
        raise SystemExit(f"not every model went live: {outcomes}")


def model_named(name: str) -> RegisteredModel:
    """The model of `OWNER` with this name."""
    from registry.models import RegisteredModel

    return RegisteredModel.objects.get(owner__username=OWNER, name=name)


def bring_next(name: str) -> str:
    """The next version, with a card that says so."""
    version = bring_to_review(model_named(name), card=changed_card())
    return f"/reviews/{version.pk}/"


def bring_own(name: str) -> str:
    """A model whose owner is a reviewer."""
    return bring_first("reviewer", name)


def bring_waiting(name: str) -> str:
    """A model that any reviewer may decide on, whose owner can sign in."""
    return bring_first("volunteer", name)


def bring_first(username: str, name: str) -> str:
    """The first version of a new model of the account, in review."""
    from registry import services
    from registry.models import Account

    owner = Account.objects.get(username=username)
    draft = services.register_model(actor=owner, name=name, summary=SUMMARY, task="tabular-classification")
    version = bring_to_review(draft.registered_model, card=CARD)
    return f"/reviews/{version.pk}/"


def make_token(username: str) -> str:
    """A secret that lets a program submit."""
    from registry import services
    from registry.models import Account, Scope

    account = Account.objects.get(username=username)
    name = f"test {account.api_tokens.count() + 1}"
    return services.create_token(actor=account, name=name, scopes=[Scope.SUBMIT], lifetime=timedelta(days=1))[1]


def process_of(name: str) -> int:
    """The process that answers for the model."""
    from deployer.backends import serving_backend
    from deployer.models import Endpoint

    current = Endpoint.objects.get(registered_model=model_named(name)).current
    assert current is not None
    return int(serving_backend().status(current.cup_name).identity.partition(":")[0])


def changed_card() -> str:
    """The card as the next version has it."""
    card = CARD
    for old, new in CHANGES.items():
        card = card.replace(old, new)
    return card


def make_scene(name: str) -> dict[str, str]:
    """A page of every kind has something to show; returns the addresses that hold a number."""
    from deployer.models import Endpoint, ImageBuild, Rollout
    from registry.models import Account, Event

    bring_live([name])
    registered_model = model_named(name)
    review = bring_to_review(registered_model, card=changed_card())
    thread = ask_about_a_line(review)
    draft = make_draft(Account.objects.get(username="volunteer"), f"{name}-draft")
    rollout = Rollout.objects.get(version__registered_model=registered_model)
    build = ImageBuild.objects.get(version__registered_model=registered_model)
    topic, report = talk_about(registered_model)
    make_token("volunteer")
    return {
        "topic": topic,
        "report": report,
        "draft": f"/drafts/{draft.pk}/",
        "review": f"/reviews/{review.pk}/",
        "thread": f"/reviews/threads/{thread.pk}/",
        "rollout": f"/rollouts/{rollout.pk}/",
        "build": f"/builds/{build.pk}/",
        "event": f"/log/{Event.objects.filter(public=True).latest('pk').pk}/",
        "endpoint": f"/endpoints/{Endpoint.objects.get(current=rollout).name}/",
        "model": f"/models/{OWNER}/{name}/",
    }


def talk_about(registered_model: RegisteredModel) -> tuple[str, str]:
    """A topic with an answer and a report about the model; returns the addresses of topic and report."""
    from registry import services
    from registry.models import Account

    volunteer, reviewer = (Account.objects.get(username=name) for name in ("volunteer", "reviewer"))
    topic = services.post_message(registered_model=registered_model, author=volunteer, text="Does it know *roses*?")
    answer = services.post_message(registered_model=registered_model, author=reviewer, text="Only irises.", topic=topic)
    services.edit_message(message=answer, actor=reviewer, text="Only irises, of three species.")
    report = services.report_model(
        registered_model=registered_model, category="licence", text="Whose data are these?", address="stage"
    )
    path = f"/models/{registered_model.owner.username}/{registered_model.name}/discussion/{topic.pk}/"
    return path, f"/reports/{report.pk}/"


def ask_about_a_line(version: ModelVersion) -> ReviewThread:
    """A reviewer asks about a line of the card, and the owner answers."""
    from registry import services
    from registry.models import Account

    line = version.card_source.split("\n").index("Missing measurements are not accepted.") + 1
    thread = services.post_line_comment(
        version=version,
        author=Account.objects.get(username="reviewer"),
        body="What does it answer to `NaN`?",
        content_digest=version.content_digest,
        line=line,
    )
    owner = version.registered_model.owner
    services.reply_to_thread(thread=thread, author=owner, body="An error, before the model sees it.")
    return thread


def make_draft(owner: Account, name: str) -> ModelVersion:
    """A draft that lacks nothing."""
    from registry import services

    draft = services.register_model(actor=owner, name=name, summary=SUMMARY, task="tabular-classification")
    fill(draft, owner, card=CARD)
    return draft


def bring_to_review(registered_model: RegisteredModel, *, card: str) -> ModelVersion:
    """The model's next version, checked and tried."""
    from registry import selectors, services
    from registry.confirmations import CONFIRMATIONS
    from registry.models import VersionState
    from registry.tasks import ring

    owner = registered_model.owner
    version = services.start_version(registered_model=registered_model, actor=owner)
    fill(version, owner, card=card)
    deadline = time.monotonic() + WAIT_SECONDS
    while version.state != VersionState.IN_REVIEW:
        if time.monotonic() > deadline:
            raise SystemExit(f"the version stayed {version.state}")
        if version.state == VersionState.DRAFT and selectors.open_job(version) is None:
            ring(services.submit_version(version=version, actor=owner, confirmed=CONFIRMATIONS))
        time.sleep(0.2)
        version.refresh_from_db()
    return version


def fill(draft: ModelVersion, owner: Account, *, card: str) -> None:
    """File, example, card and licence."""
    from django.core.files.uploadedfile import UploadedFile

    from registry import services
    from registry.examples import ExampleInput
    from registry.tasks import ring

    with MODEL.open("rb") as source:
        file = UploadedFile(source, name=MODEL.name, size=MODEL.stat().st_size)
        services.store_form_file(version=draft, actor=owner, path=MODEL.name, uploaded_file=file)
    services.set_examples(
        version=draft, actor=owner, examples=[ExampleInput("A setosa", REQUEST, EXPECTED, tolerance=1e-4)]
    )
    ring(services.update_draft(version=draft, actor=owner, card_source=card, licence="MIT"))


if __name__ == "__main__":
    main(sys.argv[1:])
