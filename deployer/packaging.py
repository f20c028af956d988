"""What a version's image is made of."""

from __future__ import annotations

from deployer.errors import BuildError, DigestMismatchError
from deployer.interfaces import FileEntry, ImageSpec
from registry.artifacts.content import content_digest as current_content
from registry.models import ModelVersion

# Names that the runtimes' loaders take, ours as well as KServe's: they look for one known ending at the top of the
# folder, whereas an upload may lie in a folder of its own or end in `.model`.
_SERVED_AS = {
    "skops": "model.skops",
    "xgboost-json": "model.json",
    "xgboost-ubj": "model.ubj",
    "lightgbm-text": "model.txt",
    "onnx": "model.onnx",
}


def image_spec(version: ModelVersion) -> ImageSpec:
    """The image of a checked version: the file that its runtime reads, and labels that tie it to the reviewed content.

    Raises `BuildError` if the version's checks named no model file.
    """
    return _spec(version, served_files(version), version.content_digest)


def draft_spec(version: ModelVersion, content_digest: str) -> ImageSpec:
    """As `image_spec`, for a draft's present content, so that a cluster can try it."""
    return _spec(version, draft_files(version, content_digest), content_digest)


def checked_spec(version: ModelVersion, content_digest: str) -> ImageSpec:
    """As `image_spec`, for content that must be what was reviewed; `DigestMismatchError` if anything differs."""
    found = current_content(version)
    if found != content_digest:
        raise DigestMismatchError("build.content_changed", approved=content_digest, found=found)
    return image_spec(version)


def served_files(version: ModelVersion) -> tuple[FileEntry, ...]:
    """What lies under `/models`: the model file that the frozen checks found, never card, licence or other texts."""
    return _model_file(version, version.content_digest, frozen=True)


def draft_files(version: ModelVersion, content_digest: str) -> tuple[FileEntry, ...]:
    """As `served_files`, by the checks of a draft's present content."""
    return _model_file(version, content_digest, frozen=False)


def _spec(version: ModelVersion, files: tuple[FileEntry, ...], content_digest: str) -> ImageSpec:
    return ImageSpec(
        files=files,
        labels={
            "org.opencontainers.image.title": str(version.registered_model),
            "org.opencontainers.image.version": version.label,
            "org.opencontainers.image.licenses": version.licence,
            "org.opencontainers.image.revision": content_digest,
        },
    )


def _model_file(version: ModelVersion, digest: str, *, frozen: bool) -> tuple[FileEntry, ...]:
    check = version.checks.filter(name="format", frozen=frozen, content_digest=digest).first()
    path = check.params.get("path", "") if check is not None else ""
    file = version.files.select_related("blob").filter(path=path).first()
    name = _SERVED_AS.get(version.model_format)
    if file is None or name is None:
        raise BuildError("build.no_model_file", model_format=version.model_format)
    return (FileEntry(path=name, sha256=file.blob_id, size=file.blob.size),)
