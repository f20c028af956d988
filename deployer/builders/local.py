"""Images in a folder, on one machine: manifests, configs and layer recipes. The weights stay in the content store."""

from __future__ import annotations

import contextlib
import fcntl
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from deployer.builders import recipes
from deployer.builders.hashing import hash_in_frame
from deployer.errors import IntegrityError, NotFoundError
from deployer.interfaces import Attachment, BlobReader, BuiltImage, FileEntry, ImageSpec, LayerRecipe, Progress
from deployer.oci.files import sync_folder, write_atomically
from deployer.oci.layers import frame, ordered_files
from deployer.oci.manifest import assemble, digest_of
from deployer.oci.reference import digest_hex, is_digest


class LocalImageBuilder:
    """`deployer.interfaces.ImageBuilder` in a folder.

    `sha256/` holds manifests and configs, `recipes/` one JSON file per packaged file, `images/` one per image. The
    image's file is written last, so a crash leaves recipes that the next build uses, never half an image. What is said
    about a published image lies in `attachments/`.
    """

    def __init__(self, root: Path, blobs: BlobReader) -> None:
        self._blobs = blobs
        self._json = root / "sha256"
        self._recipes = root / "recipes"
        self._images = root / "images"
        self._attachments = root / "attachments"
        self._tmp = root / "tmp"
        for folder in (self._json, self._recipes, self._images, self._attachments, self._tmp):
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)

    def build(self, spec: ImageSpec, *, progress: Progress | None = None) -> BuiltImage:
        """Build and store; idempotent. Reads each file whose recipe is not known yet, once, and re-checks its digest.

        Raises `BuildError` for content that no image can hold, `IntegrityError` if a blob's bytes differ from its
        entry, `NotFoundError` if one is gone, `StorageFullError` if the folder takes no more.
        """
        files = ordered_files(spec.files)
        meter = _Meter(total=sum(entry.size for entry in files), progress=progress)
        image = assemble(spec, [self._recipe(entry, meter.advance) for entry in files])
        self._store(image)
        return image

    def get(self, digest: str) -> BuiltImage:
        """The stored image; `NotFoundError` if unknown, `IntegrityError` if its manifest or config was altered."""
        try:
            record = json.loads(self._record(digest).read_bytes())
            layers = tuple(recipes.from_json(value) for value in record["layers"])
            manifest, config = self._read_json(digest), self._read_json(record["config"])
        except FileNotFoundError:
            raise NotFoundError("build.image_missing", digest=digest) from None
        except (KeyError, TypeError, ValueError) as error:
            raise IntegrityError("build.image_corrupt", digest=digest) from error
        return BuiltImage(digest=digest, manifest=manifest, config=config, layers=layers)

    def publish(self, digest: str, *, attachments: Sequence[Attachment] = (), progress: Progress | None = None) -> str:
        """Keep what is said about the image; serving on this machine takes the files from the content store."""
        image = self.get(digest)
        kept = sorted(attachments, key=lambda each: (each.artifact_type, each.title))
        with self._locked():
            data = recipes.dump([recipes.attachment_to_json(each) for each in kept])
            write_atomically(self._attachments / f"{_hex(digest)}.json", data, tmp=self._tmp)
        if progress is not None:
            total = sum(layer.size for layer in image.layers)
            progress(total, total)
        return ""

    def attachments(self, digest: str) -> tuple[Attachment, ...]:
        """What was published with the image; `NotFoundError` if it was not, `IntegrityError` if it was altered."""
        try:
            stored = json.loads((self._attachments / f"{_hex(digest)}.json").read_bytes())
            return tuple(recipes.attachment_from_json(value) for value in stored)
        except FileNotFoundError:
            raise NotFoundError("build.image_missing", digest=digest) from None
        except (TypeError, ValueError) as error:
            raise IntegrityError("build.image_corrupt", digest=digest) from error

    def delete(self, digest: str) -> None:
        """Forget the image; an absent one is fine. Recipes stay: other images share them, and they are small."""
        with contextlib.suppress(NotFoundError), self._locked():
            record = self._record(digest)
            names = [digest, *_config_named_in(record)]
            # The record goes first: without it the rest is unreachable, whatever happens next.
            record.unlink(missing_ok=True)
            sync_folder(record.parent)
            (self._attachments / record.name).unlink(missing_ok=True)
            for name in names:
                self._json_path(name).unlink(missing_ok=True)

    def _recipe(self, entry: FileEntry, advance: Callable[[int], None]) -> LayerRecipe:
        """The stored recipe, or a new one from one read of the blob."""
        key = recipes.recipe_key(entry.path, entry.sha256)
        path = self._recipes / key[:2] / f"{key}.json"
        known = _load_recipe(path, entry)
        if known is not None:
            self._blobs.open(entry.sha256).close()  # an image of a blob that is gone could not be streamed
            advance(entry.size)
            return known
        recipe = self._hash(entry, advance)
        write_atomically(path, recipes.dump(recipes.to_json(recipe)), tmp=self._tmp)
        return recipe

    def _hash(self, entry: FileEntry, advance: Callable[[int], None]) -> LayerRecipe:
        surroundings = frame(entry.path, entry.size)
        with self._blobs.open(entry.sha256) as blob:
            seen = hash_in_frame(blob, surroundings, expected_size=entry.size, advance=advance)
        if (seen.blob, seen.size) != (entry.sha256, entry.size):
            raise IntegrityError("build.blob_changed", path=entry.path, expected=entry.sha256, actual=seen.blob)
        return LayerRecipe(
            path=entry.path,
            blob_sha256=entry.sha256,
            blob_size=entry.size,
            header=surroundings.header,
            padding=surroundings.padding,
            digest=f"sha256:{seen.layer}",
            size=surroundings.layer_size(entry.size),
        )

    def _store(self, image: BuiltImage) -> None:
        """Write what is not there yet, the record last."""
        config_digest = digest_of(image.config)
        record = {"config": config_digest, "layers": [recipes.to_json(layer) for layer in image.layers]}
        with self._locked():
            for path, data in (
                (self._json_path(config_digest), image.config),
                (self._json_path(image.digest), image.manifest),
                (self._record(image.digest), recipes.dump(record)),
            ):
                if not _holds(path, data):
                    write_atomically(path, data, tmp=self._tmp)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer of images at a time, or a removal could take the config from under a build that found it there."""
        with (self._images.parent / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _record(self, digest: str) -> Path:
        return self._images / f"{_hex(digest)}.json"

    def _json_path(self, digest: str) -> Path:
        name = _hex(digest)
        return self._json / name[:2] / name

    def _read_json(self, digest: str) -> bytes:
        data = self._json_path(digest).read_bytes()
        if digest_of(data) != digest:
            raise IntegrityError("build.image_corrupt", digest=digest)
        return data


class _Meter:
    """Adds up bytes done over all files and tells the caller."""

    def __init__(self, *, total: int, progress: Progress | None) -> None:
        self._done = 0
        self._total = total
        self._progress = progress

    def advance(self, count: int) -> None:
        self._done += count
        if self._progress is not None:
            self._progress(self._done, self._total)


def _hex(digest: str) -> str:
    """The hex digits; anything else never becomes a file name, and no image has such a digest."""
    if not is_digest(digest):
        raise NotFoundError("build.image_missing", digest=digest)
    return digest_hex(digest)


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except FileNotFoundError:
        return False


def _load_recipe(path: Path, entry: FileEntry) -> LayerRecipe | None:
    """The recipe in the file; None if absent, unreadable or of another entry, so that the build makes it anew."""
    try:
        recipe = recipes.from_json(json.loads(path.read_bytes()))
    except (FileNotFoundError, ValueError):
        return None
    surroundings = frame(entry.path, entry.size)
    wanted = (entry.path, entry.sha256, entry.size, surroundings.header, surroundings.padding)
    found = (recipe.path, recipe.blob_sha256, recipe.blob_size, recipe.header, recipe.padding)
    return recipe if found == wanted else None


def _config_named_in(record: Path) -> list[str]:
    """The config's digest, if the record still tells it."""
    try:
        config = json.loads(record.read_bytes())["config"]
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return []
    return [config] if isinstance(config, str) and is_digest(config) else []
