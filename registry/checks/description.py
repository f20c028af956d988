"""Checks of what people wrote: card, licence and examples."""

from __future__ import annotations

from registry.backends import blob_store
from registry.card_template import REQUIRED_SECTIONS, CardSection
from registry.cards import Card, parse_card
from registry.checks.results import Detail, Finding, detail
from registry.checks.subject import Evidence, Progress, Subject
from registry.errors import UserError, plain_params
from registry.examples import validate_examples
from registry.interfaces import Verdict
from registry.licences import Licence, judge_licence
from registry.tensors import read_tensors
from registry.tolerances import SAYS_LITTLE, slack

MIN_LETTERS = 20
MAX_LICENCE_BYTES = 4_096
_LICENCE_NAMES = frozenset({"license", "licence", "copying", "license.txt", "licence.txt", "license.md", "licence.md"})


def check_card(subject: Subject, _evidence: Evidence, _progress: Progress) -> Finding:
    """The card parses, says something under each required heading, and names the same licence as the form."""
    if not subject.card_source.strip():
        return Finding(verdict=Verdict.FAIL, code="card.empty")
    try:
        card = parse_card(subject.card_source)
    except UserError as error:
        return Finding(verdict=Verdict.FAIL, code=error.code, params=plain_params(error.params))
    details = [found for section in REQUIRED_SECTIONS if (found := _judge_section(card, section))]
    details += _judge_card_licence(card, subject.licence)
    if details:
        params = {"count": len(details)}
        return Finding(verdict=Verdict.FAIL, code="card.incomplete", params=params, details=tuple(details))
    return Finding(verdict=Verdict.PASS, code="card.passed", params={"count": len(card.sections)})


def _judge_section(card: Card, required: CardSection) -> Detail | None:
    texts = [section.text for section in card.sections if required.is_titled(section.title)]
    if not texts:
        return detail("card.section_missing", params={"title": required.title})
    letters = max(sum(map(str.isalnum, text)) for text in texts)
    return detail("card.section_empty", params={"title": required.title}) if letters < MIN_LETTERS else None


def _judge_card_licence(card: Card, licence: str) -> list[Detail]:
    stated = card.front_matter.get("license") or card.front_matter.get("licence")
    if not stated or not licence or str(stated).casefold() == licence.casefold():
        return []
    return [detail("card.licence_differs", params={"card": str(stated)[:60], "licence": licence})]


def check_licence(subject: Subject, _evidence: Evidence, _progress: Progress) -> Finding:
    """The licence is a free one; a licence file among the files, if any, should be the same."""
    try:
        licence = judge_licence(subject.licence)
    except UserError as error:
        return Finding(verdict=Verdict.FAIL, code=error.code, params=plain_params(error.params))
    params = {"licence": licence.spdx, "name": licence.name}
    other = _differing_file(subject, licence)
    if other:
        return Finding(verdict=Verdict.WARN, code="licence.file_differs", params={**params, "path": other})
    return Finding(verdict=Verdict.PASS, code="licence.passed", params=params)


def _differing_file(subject: Subject, licence: Licence) -> str:
    """The path of a licence file whose beginning does not read like the licence, "" if there is none."""
    for file in subject.files:
        if file.path.casefold() not in _LICENCE_NAMES:
            continue
        with blob_store().open(file.sha256) as stream:
            text = stream.read(MAX_LICENCE_BYTES).decode(errors="replace").casefold()
        if licence.marker not in " ".join(text.split()):
            return file.path
    return ""


def check_examples(subject: Subject, evidence: Evidence, _progress: Progress) -> Finding:
    """At least one example, each following the protocol, agreeing with the model's inputs and saying something."""
    if not subject.examples:
        return Finding(verdict=Verdict.FAIL, code="examples.none")
    details, vague = [], []
    for number, example in enumerate(subject.examples, start=1):
        title = f"{number}. {example.title}".strip()
        try:
            validate_examples([example], evidence.introspection)
        except UserError as error:
            where = str(error.params.get("where", "")).removeprefix("[0].")
            faults = {**error.params, "where": where, "number": number}
            details.append(detail(error.code, subject=title, params=faults))
            continue
        outputs = read_tensors(example.expected.get("outputs"), where="expected.outputs")
        if slack(outputs.values(), example.tolerance) > SAYS_LITTLE:
            vague.append(detail("examples.vague", subject=title, params={"tolerance": example.tolerance}))
    if details:
        params = {"count": len(details)}
        return Finding(verdict=Verdict.FAIL, code="examples.invalid", params=params, details=tuple(details))
    if vague:
        params = {"count": len(vague)}
        return Finding(verdict=Verdict.WARN, code="examples.wide", params=params, details=tuple(vague))
    return Finding(verdict=Verdict.PASS, code="examples.passed", params={"count": len(subject.examples)})
