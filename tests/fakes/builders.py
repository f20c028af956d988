"""An image builder in memory, for tests of what surrounds a build."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from deployer.errors import IntegrityError, NotFoundError, PortalError
from deployer.interfaces import Attachment, BlobReader, BuiltImage, FileEntry, ImageSpec, LayerRecipe, Progress
from deployer.oci.layers import frame, ordered_files
from deployer.oci.manifest import assemble


class InMemoryImageBuilder:
    """`deployer.interfaces.ImageBuilder` in a dict, with true digests.

    `failure` is raised by the next builds until it is set to None again; `builds` lists every spec asked for;
    `published` holds what was said about each image that was handed over.
    """

    def __init__(self, blobs: BlobReader) -> None:
        self.images: dict[str, BuiltImage] = {}
        self.builds: list[ImageSpec] = []
        self.published: dict[str, tuple[Attachment, ...]] = {}
        self.failure: PortalError | None = None
        self._blobs = blobs
        self._known: dict[FileEntry, LayerRecipe] = {}

    def build(self, spec: ImageSpec, *, progress: Progress | None = None) -> BuiltImage:
        self.builds.append(spec)
        if self.failure is not None:
            raise self.failure
        total, done, layers = sum(entry.size for entry in spec.files), 0, []
        for entry in ordered_files(spec.files):
            layers.append(self._layer(entry))
            done += entry.size
            if progress is not None:
                progress(done, total)
        image = assemble(spec, layers)
        self.images[image.digest] = image
        return image

    def get(self, digest: str) -> BuiltImage:
        if digest not in self.images:
            raise NotFoundError("build.image_missing", digest=digest)
        return self.images[digest]

    def publish(self, digest: str, *, attachments: Sequence[Attachment] = (), progress: Progress | None = None) -> str:
        total = sum(layer.size for layer in self.get(digest).layers)
        self.published[digest] = tuple(sorted(attachments, key=lambda each: (each.artifact_type, each.title)))
        if progress is not None:
            progress(total, total)
        return ""

    def attachments(self, digest: str) -> tuple[Attachment, ...]:
        if digest not in self.published:
            raise NotFoundError("build.image_missing", digest=digest)
        return self.published[digest]

    def delete(self, digest: str) -> None:
        self.images.pop(digest, None)
        self.published.pop(digest, None)

    def _layer(self, entry: FileEntry) -> LayerRecipe:
        with self._blobs.open(entry.sha256) as blob:
            if entry in self._known:
                return self._known[entry]
            data = blob.read()
        actual = hashlib.sha256(data).hexdigest()
        if (actual, len(data)) != (entry.sha256, entry.size):
            raise IntegrityError("build.blob_changed", path=entry.path, expected=entry.sha256, actual=actual)
        around = frame(entry.path, entry.size)
        layer = hashlib.sha256(around.header + data + bytes(around.padding)).hexdigest()
        recipe = LayerRecipe(
            path=entry.path,
            blob_sha256=entry.sha256,
            blob_size=entry.size,
            header=around.header,
            padding=around.padding,
            digest=f"sha256:{layer}",
            size=around.layer_size(entry.size),
        )
        self._known[entry] = recipe
        return recipe
