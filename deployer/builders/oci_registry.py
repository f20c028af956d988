"""Images in an OCI registry: packaged here, kept in quarantine there, and mounted where clusters pull once approved."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from deployer.builders import recipes
from deployer.builders.local import LocalImageBuilder
from deployer.errors import IntegrityError, NotFoundError
from deployer.interfaces import Attachment, BlobReader, BuiltImage, ImageSpec, Progress
from deployer.oci.client import RegistryClient
from deployer.oci.reference import Reference, digest_hex, is_digest


class RegistryImageBuilder:
    """`deployer.interfaces.ImageBuilder` whose images are pushed.

    The manifests and layer recipes lie under `root`, a folder that may be lost, and beside each image in the registry,
    where other machines find them. `connect` gives a client; it is asked at each step, so that a renewed password holds
    at once. `host` is what references begin with. Every method may raise `TransientError` (the registry is away or
    busy) and `OperatorError`.
    """

    def __init__(
        self,
        root: Path,
        blobs: BlobReader,
        *,
        connect: Callable[[], RegistryClient],
        host: str,
        quarantine: str,
        approved: str,
    ) -> None:
        self._local = LocalImageBuilder(root, blobs)
        self._blobs = blobs
        self._connect = connect
        self._quarantine = Reference(registry=host, repository=quarantine)
        self._approved = Reference(registry=host, repository=approved)

    def build(self, spec: ImageSpec, *, progress: Progress | None = None) -> BuiltImage:
        """Package, then bring what the quarantine repository lacks; idempotent. Raises as the local builder."""
        image = self._local.build(spec, progress=_half(progress, first=True))
        client = self._connect()
        client.push_image(
            image,
            repository=self._quarantine.repository,
            blobs=self._blobs,
            tag=_tag(image.digest),
            progress=_half(progress, first=False, whole=sum(entry.size for entry in spec.files)),
        )
        client.attach(image, recipes.as_attachment(image), repository=self._quarantine.repository)
        return image

    def get(self, digest: str) -> BuiltImage:
        """The image as it was packaged here, or on another machine that pushed it; `NotFoundError` if unknown.

        `IntegrityError` if what the registry says about its layers is not about them.
        """
        try:
            return self._local.get(digest)
        except NotFoundError:
            _check(digest)
        client = self._connect()
        for reference in (self._approved, self._quarantine):
            image = _pushed(client, reference.repository, digest)
            if image is not None:
                return image
        raise NotFoundError("build.image_missing", digest=digest)

    def publish(self, digest: str, *, attachments: Sequence[Attachment] = (), progress: Progress | None = None) -> str:
        """Mount the image from quarantine into the approved repository, byte for byte; its attachments come after.

        `NotFoundError` if the image is not in quarantine.
        """
        image, client = self.get(digest), self._connect()
        repository = self._approved.repository
        client.promote(
            image,
            source=self._quarantine.repository,
            target=repository,
            blobs=self._blobs,
            tag=_tag(digest),
            progress=progress,
        )
        for attachment in (recipes.as_attachment(image), *attachments):
            client.attach(image, attachment, repository=repository)
        return str(self._approved.by_digest(digest))

    def attachments(self, digest: str) -> tuple[Attachment, ...]:
        """What was published with the image; `NotFoundError` if it is not in the approved repository."""
        _check(digest)
        client, repository = self._connect(), self._approved.repository
        client.manifest(repository=repository, reference=digest)
        found = client.attachments(repository=repository, digest=digest)
        said = [each for each in found if each.artifact_type != recipes.RECIPES_TYPE]
        return tuple(sorted(said, key=lambda each: (each.artifact_type, each.title)))

    def delete(self, digest: str) -> None:
        """Forget the image in both repositories; an absent one is fine. The registry frees its room when it cleans."""
        if is_digest(digest):
            client = self._connect()
            for reference in (self._approved, self._quarantine):
                client.delete_manifest(repository=reference.repository, digest=digest)
        self._local.delete(digest)


def _pushed(client: RegistryClient, repository: str, digest: str) -> BuiltImage | None:
    """The image as the repository holds it; None if it is not there, or without its recipes."""
    try:
        manifest = client.manifest(repository=repository, reference=digest)
        config = client.blob(repository=repository, digest=json.loads(manifest)["config"]["digest"])
    except NotFoundError:
        return None
    for attachment in client.attachments(repository=repository, digest=digest):
        if attachment.artifact_type == recipes.RECIPES_TYPE:
            try:
                layers = recipes.from_attachment(attachment, manifest)
            except (KeyError, TypeError, ValueError) as error:
                raise IntegrityError("build.image_corrupt", digest=digest) from error
            return BuiltImage(digest=digest, manifest=manifest, config=config, layers=layers)
    return None


def _tag(digest: str) -> str:
    """A tag that keeps the image when a registry clears away what no tag names; equal digests share it."""
    return digest_hex(digest)


def _check(digest: str) -> None:
    """No text from outside becomes part of an address unless it is a digest."""
    if not is_digest(digest):
        raise NotFoundError("build.image_missing", digest=digest)


def _half(progress: Progress | None, *, first: bool, whole: int = 0) -> Progress | None:
    """Progress of packaging as the first half of the files' bytes, that of sending as the second."""
    if progress is None:
        return None
    if first:
        return lambda done, total: progress(done // 2, total)
    return lambda done, total: progress(whole - (total - done) * (whole - whole // 2) // total if total else 0, whole)
