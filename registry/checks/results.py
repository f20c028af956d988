"""What a check answers, as data: codes and parameters, never prose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from registry.errors import plain_params
from registry.interfaces import Verdict
from registry.messages import message

Param = str | int | float


class Detail(TypedDict):
    """One line below a check's summary: what it is about (a path, a field, or "") and the text's id and parameters."""

    subject: str
    code: str
    params: dict[str, Param]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A check's answer. `advice` is a command to copy; what to do in words is the body of the code's text."""

    verdict: Verdict
    code: str
    params: Mapping[str, Param] = field(default_factory=dict)
    details: tuple[Detail, ...] = ()
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """A finding with the check's name, as it is stored. `passed` is true unless the verdict is FAIL."""

    name: str
    required: bool
    finding: Finding
    duration_ms: int

    @property
    def passed(self) -> bool:
        """Whether a version may go on in spite of this result."""
        return self.finding.verdict is not Verdict.FAIL


def detail(code: str, *, subject: str = "", params: Mapping[str, object] | None = None) -> Detail:
    """A detail whose parameters are fit for JSON."""
    return Detail(subject=subject, code=code, params=plain_params(params or {}))


def detail_text(stored: Detail) -> str:
    """A stored detail as people read it: what is wrong, and what to do about this very thing."""
    found = message(stored["code"], stored["params"])
    text = f"{found.title} {found.body}".strip()
    return f"{stored['subject']}: {text}" if stored["subject"] else text
