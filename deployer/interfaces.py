"""The outside systems of packaging and serving, as roles with frozen dataclasses in and out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol

from registry.errors import WhoActs


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One file of a version: its path under `/models`, the SHA-256 (hex) of its bytes and its size in bytes."""

    path: str
    sha256: str
    size: int


class BlobReader(Protocol):
    """The reading side of the content store; `registry.interfaces.BlobStore` satisfies it."""

    def open(self, sha256: str) -> BinaryIO:
        """A reader at offset 0; `NotFoundError` if absent."""

    def local_path(self, sha256: str) -> Path:
        """A read-only file with the bytes; `NotFoundError` if absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSpec:
    """What an image is made of. Equal specs give equal digests on any machine, day and user."""

    files: tuple[FileEntry, ...]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRecipe:
    """How to stream one layer: tar header, the blob's bytes, zero padding. Digests are `sha256:<hex>`."""

    path: str
    blob_sha256: str
    blob_size: int
    header: bytes
    padding: int
    digest: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltImage:
    """A stored image: exact manifest and config bytes, and one recipe per layer in manifest order."""

    digest: str
    manifest: bytes
    config: bytes
    layers: tuple[LayerRecipe, ...]


Progress = Callable[[int, int], None]
"""Called with (bytes done, bytes in all)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """What is said about an image and kept beside it: its card, bill of materials, provenance or signature.

    `artifact_type` is a media type; `title` is the file name that tools give it; `annotations` are those of the
    manifest that names it. With a `signature` (base64) it is cosign's older form, and lies under a tag of its own.
    """

    artifact_type: str
    title: str
    data: bytes
    annotations: Mapping[str, str] = field(default_factory=dict)
    signature: str = ""


class ImageBuilder(Protocol):
    """Packages files as an OCI image without copying a weight."""

    def build(self, spec: ImageSpec, *, progress: Progress | None = None) -> BuiltImage:
        """Build and store; idempotent. Re-reads and re-checks each blob whose recipe is not known yet.

        Raises `IntegrityError` if a blob's bytes differ from their digest, `NotFoundError` if one is gone.
        """

    def get(self, digest: str) -> BuiltImage:
        """The stored image; `NotFoundError` if unknown."""

    def publish(self, digest: str, *, attachments: Sequence[Attachment] = (), progress: Progress | None = None) -> str:
        """Hand an approved image over to those who serve it, with what is said about it; idempotent.

        Returns the reference by digest under which clusters pull it, "" where there is no registry.
        `NotFoundError` if the image was never built.
        """

    def attachments(self, digest: str) -> tuple[Attachment, ...]:
        """What was published with the image, by type and title; `NotFoundError` if it was not published."""

    def delete(self, digest: str) -> None:
        """Forget the image; an absent one is fine."""


class CupPhase(StrEnum):
    """Where one served version stands on its backend."""

    ABSENT = "absent"
    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True, kw_only=True)
class CupSpec:
    """One version, served: immutable. `name` is unique for ever (DNS label, at most 40 characters)."""

    name: str
    model_name: str  # the name that requests use in the protocol's paths
    version: str  # the label that answers carry
    runtime: str  # a name of the runtime catalogue
    image_digest: str
    files: tuple[FileEntry, ...]
    cpu_millis: int = 1000
    memory_bytes: int = 1 << 30
    trial: bool = False  # of content that nobody has approved yet, whose image lies apart from the approved ones


@dataclass(frozen=True, slots=True, kw_only=True)
class CupStatus:
    """What the backend sees now. `code` is a message id when `phase` is FAILED; times are epoch seconds.

    A READY cup may carry a code too: somebody changed it by hand, and it is to be applied again. A STOPPING one says
    by it what keeps it.
    """

    name: str
    phase: CupPhase
    image_digest: str = ""
    code: str = ""
    params: Mapping[str, str | int | float] = field(default_factory=dict)
    who_acts: WhoActs = WhoActs.USER
    restarts: int = 0
    started_at: float | None = None
    ready_at: float | None = None
    memory_bytes: int | None = None
    peak_memory_bytes: int | None = None
    identity: str = ""  # whatever tells this replica from its successor: pid and start time, or a pod's uid


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingResponse:
    """The model server's answer, as it came."""

    status: int
    content_type: str
    body: bytes


class ServingBackend(Protocol):
    """Runs versions. Every call has a timeout; absent and already-there are answers, not errors.

    `pulls_images`: cups start from images in a registry, on machines that outlive the portal. `longest_start`: seconds
    after which a cup that does not answer is FAILED, by which time the backend knows best why.
    """

    pulls_images: bool

    @property
    def longest_start(self) -> float:
        """Seconds that a cup may take to become ready."""

    def apply(self, spec: CupSpec) -> CupStatus:
        """Want this cup. Idempotent by name; starts or restarts what is not running; returns before readiness.

        Raises `RuntimeUnavailableError`, `IntegrityError` (bytes differ from digest), `TransientError`.
        """

    def status(self, name: str) -> CupStatus:
        """The cup now; phase ABSENT if unknown. READY only when the model itself answers its readiness path."""

    def statuses(self) -> Mapping[str, CupStatus]:
        """Every cup that the backend knows, by name."""

    def delete(self, name: str) -> None:
        """Stop and forget, letting requests in flight finish; an absent cup is fine."""

    def request(
        self, name: str, *, method: str, path: str, body: bytes = b"", content_type: str = "", timeout: float
    ) -> ServingResponse:
        """Pass one HTTP request to the cup. `TransientError` code `serving.unreachable` or `serving.timeout`."""

    def logs(self, name: str, *, max_bytes: int = 65536) -> str:
        """The tail of the replica's output; "" if none."""

    def stop_all(self) -> None:
        """Stop every cup, keeping what is wanted to the caller's records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The part of an endpoint's requests that a cup gets, by weight against the others."""

    cup: str
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficRoute:
    """Which cups answer under an endpoint's name."""

    endpoint: str
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTrouble:
    """Why requests to an endpoint do not get past the gateway. `code` is a message id."""

    code: str
    params: Mapping[str, str | int | float] = field(default_factory=dict)


class TrafficRouter(Protocol):
    """Says in front of the cups which of them gets which share. Every call has a timeout."""

    def route(self, wanted: TrafficRoute) -> None:
        """Want this route; idempotent. Raises `TransientError`, or `OperatorError` for what the cluster refuses."""

    def routes(self) -> Mapping[str, TrafficRoute]:
        """The routes that are there, by endpoint."""

    def troubles(self) -> Mapping[str, RouteTrouble]:
        """The routes that are there and that the gateway does not follow, by endpoint."""

    def remove(self, endpoint: str) -> None:
        """Take the route away; an absent one is fine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeDefinition:
    """A runtime environment with exact pins.

    `requirements` is the path of its lock file; `adapter` the file name of the model adapter beside the server.
    """

    name: str
    label: str
    model_format: str
    framework: str
    framework_version: str
    accepts: str
    requirements: Path
    adapter: str
    kserve_format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalServingConfig:
    """Everything the local backend must be told, since it reads no settings."""

    state_dir: Path
    environments_dir: Path
    runtimes: Sequence[RuntimeDefinition]
    blobs: BlobReader
    start_timeout: float = 120.0
    stop_timeout: float = 10.0
    request_timeout: float = 30.0
    sandbox: str = "auto"  # "auto" (bubblewrap where it works), "bubblewrap" (required) or "none"


LayerStream = Callable[[LayerRecipe], Iterator[bytes]]
