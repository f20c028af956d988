"""The outside systems that registration needs, as roles. Implementations live elsewhere and pass one contract test."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Protocol


class Verdict(StrEnum):
    """What a check says. `FAIL` blocks submission and approval, `WARN` only informs."""

    PASS = "pass"  # noqa: S105  # a verdict, not a password
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorInfo:
    """One input or output of a model, as its file declares it. `shape` uses -1 where any length fits."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Introspection:
    """What the format itself tells about a model, empty where it tells nothing."""

    framework: str = ""
    framework_version: str = ""
    model_type: str = ""
    inputs: tuple[TensorInfo, ...] = ()
    outputs: tuple[TensorInfo, ...] = ()
    parameters: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileInspection:
    """The gate's answer for one file.

    `model_format` is one of `inspection.formats.ModelFormat` for a model file, "" for a side file (text, JSON config).
    `code` names the reason in `messages.py`, "" on a pass; `params` fill the text; `advice` is the converting command.
    """

    path: str
    accepted: bool
    model_format: str = ""
    code: str = ""
    params: Mapping[str, str | int | float] = field(default_factory=dict)
    advice: str = ""
    introspection: Introspection | None = None


class BlobStore(Protocol):
    """Content-addressed bytes: every blob is named by the lower-case hex SHA-256 of its content."""

    def has(self, sha256: str) -> bool:
        """Whether the blob is stored."""

    def size(self, sha256: str) -> int:
        """Bytes of the blob; `NotFoundError` if absent."""

    def open(self, sha256: str) -> BinaryIO:
        """A reader at offset 0; `NotFoundError` if absent. The caller closes it."""

    def adopt(self, path: Path, sha256: str) -> None:
        """Take a finished file over by moving it. The caller vouches for the digest; safe to run twice."""

    def put(self, chunks: Iterator[bytes]) -> tuple[str, int]:
        """Store streamed bytes; returns (sha256, size). `StorageFullError` leaves nothing behind."""

    def local_path(self, sha256: str) -> Path:
        """A read-only file with the bytes, for hard links and child processes; `NotFoundError` if absent."""

    def verify(self, sha256: str) -> None:
        """Read the blob and compare; `IntegrityError` if a bit differs."""

    def delete(self, sha256: str) -> None:
        """Remove the blob; an absent one is fine."""

    def digests(self) -> Iterator[str]:
        """Every stored digest, in no order."""


class DirectUploads(Protocol):
    """Where clients send bytes past the portal, in parts. Nothing there is a blob before its digest was taken.

    `name` is the portal's for the upload, `session` what `begin` answered. Every part but the last has `part_bytes`.
    """

    part_bytes: int

    def begin(self, name: str) -> str:
        """Open a session."""

    def address(self, name: str, session: str, number: int, length: int) -> str:
        """Where part `number`, from 1 on, may be PUT for an hour, with exactly `length` bytes."""

    def arrived(self, name: str, session: str) -> Mapping[int, int]:
        """The bytes of each part that has arrived; `NotFoundError` once the session has ended."""

    def complete(self, name: str, session: str) -> int:
        """Join what has arrived; returns its bytes. `ConflictError` if there is nothing. Safe to repeat."""

    def open(self, name: str) -> BinaryIO:
        """A reader of what was joined; the caller closes it."""

    def keep(self, name: str, sha256: str) -> None:
        """Make what was joined the blob of this digest, which the caller has taken. Safe to repeat."""

    def discard(self, name: str, session: str) -> None:
        """Free the room; nothing there is fine."""


class FileInspector(Protocol):
    """The format gate: reads hostile bytes somewhere they can harm nobody, and answers with data."""

    def inspect(self, *, path: str, blob: Path) -> FileInspection:
        """Judge one file under its uploaded name. Never raises for bad content: that is a refusal."""


class PickleScanner(Protocol):
    """A second opinion by an independent scanner."""

    def scan(self, *, path: str, blob: Path) -> ScanResult:
        """Judge one file. A scanner that fails in any way answers with a refusal, never with an exception."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """`code` is "" when clean; otherwise a message id such as `scan.dangerous` or `scan.failed`."""

    clean: bool
    code: str = ""
    detail: str = ""
    scanner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeInfo:
    """A runtime that this portal can serve with, as registration sees it."""

    name: str
    label: str
    model_format: str
    framework: str
    framework_version: str
    accepts: str  # a PEP 440 specifier set over the framework version that wrote the file, "" = any


class RuntimeCatalogue(Protocol):
    """Which runtimes the portal has. The deployer brings the real one; settings wire it."""

    def all(self) -> Sequence[RuntimeInfo]:
        """Every runtime, in the order in which pages list them."""

    def for_format(self, model_format: str) -> RuntimeInfo | None:
        """The runtime that serves this format, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingInfo:
    """What registration's pages show of a served version. `word` is a message id of a status, such as `status.ready`.

    `live` is true while the endpoint answers with this version; addresses are paths within the portal.
    """

    version_id: int
    word: str
    live: bool = False
    healthy: bool = False
    endpoint: str = ""
    endpoint_path: str = ""
    rollout_path: str = ""
    build_path: str = ""
    try_path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One time that a version was, is, or is about to be served. `word` as in `ServingInfo`; addresses are paths.

    `live` is true for the one that the endpoint answers with now; `since` is when it came into its present state.
    """

    version_id: int
    version_number: int
    word: str
    since: datetime
    live: bool = False
    healthy: bool = False
    endpoint: str = ""
    endpoint_path: str = ""
    rollout_path: str = ""
    build_path: str = ""
    image_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippets:
    """Commands that call a model with its first example, to be pasted as they are."""

    curl: str
    python: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDay:
    """How a model's endpoint was asked in the last 24 hours.

    `moments` are epoch seconds in even steps, oldest first; `per_second` are the requests a second at each.
    """

    requests: int
    p95_ms: float | None
    error_percent: float | None
    moments: tuple[int, ...]
    per_second: tuple[float, ...]


class ServingDirectory(Protocol):
    """What is served where. The deployer brings the real one; settings wire it."""

    def for_versions(self, version_ids: Sequence[int]) -> Mapping[int, ServingInfo]:
        """Serving facts per version, in a constant number of queries; versions without any are left out."""

    def live_version(self, registered_model_id: int) -> ServingInfo | None:
        """The version that the model's endpoint answers with now."""

    def live_models(self, *, among: Collection[int]) -> Sequence[int]:
        """Those of these models of which a version is live."""

    def snippets(self, registered_model_id: int, *, origin: str) -> Snippets | None:
        """How to call the live version, with addresses under `origin`; None while nothing is live."""

    def deployments(self, registered_model_id: int, *, offset: int, limit: int) -> Sequence[Deployment]:
        """A slice of the model's deployments, newest first."""

    def deployment_count(self, registered_model_id: int) -> int:
        """How many deployments the model had, the present ones included."""

    def last_day(self, registered_model_id: int) -> LastDay | None:
        """The last 24 hours of the model's endpoint; None for a model that never had one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexTerm:
    """A word to find: stored just so, or as the beginning of a stored one."""

    word: str
    prefix: bool = False


class CatalogueIndex(Protocol):
    """Which catalogue entries have which words. Ids grow with age: the largest is the newest. One object serves a page.

    Words are what `registry.catalogue_index.words` makes: without spaces, folded. Terms are joined by "and"; there is
    at least one.
    """

    def put(self, rows: Iterable[tuple[int, Sequence[str]]]) -> None:
        """Store the words of entries, in place of those that they had."""

    def remove(self, entry_ids: Iterable[int]) -> None:
        """Forget entries; unknown ones are fine."""

    def clear(self) -> None:
        """Forget everything."""

    def newest(self, terms: Sequence[IndexTerm], *, limit: int) -> list[int]:
        """At most `limit` ids of entries that have all terms, the newest first."""

    def nearly(self, terms: Sequence[IndexTerm], choices: Sequence[IndexTerm], *, limit: int) -> list[int]:
        """Such ids of entries that have all terms and all choices but one; there are terms or two choices."""

    def matching(self, terms: Sequence[IndexTerm]) -> Any:
        """All of them, as the right side of `pk__in`."""

    def condition(self, terms: Sequence[IndexTerm]) -> Any:
        """The same as a filter of catalogue entries, for lists in another order that are cut short."""
