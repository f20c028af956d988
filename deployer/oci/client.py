"""A client of the OCI distribution API: blobs streamed once, manifests byte for byte, referrers for all servers.

Written against the OCI distribution specification 1.1. A blob is asked for first, then mounted from a repository that
may have it, and only then sent, in one pass from wherever its bytes lie; after a cut the sending goes on where the
registry says that it stopped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from deployer.errors import DigestMismatchError, NotFoundError, TransientError
from deployer.interfaces import Attachment, BlobReader, BuiltImage, LayerRecipe, Progress
from deployer.oci.descriptors import Descriptor, descriptors
from deployer.oci.layers import layer_from
from deployer.oci.manifest import INDEX_TYPE, MANIFEST_TYPE, canonical, digest_of
from deployer.oci.referrers import (
    EMPTY_CONFIG,
    attachment_in,
    referrer_manifest,
    signature_config,
    signature_in,
    signature_manifest,
)
from deployer.oci.transport import Answer, Transport

_OCTETS = "application/octet-stream"
_ANY_MANIFEST = f"{MANIFEST_TYPE}, {INDEX_TYPE}"
_RANGE = re.compile(r"(?:bytes=)?0-(\d+)", re.ASCII)
_SESSIONS = 5  # how often an upload is begun anew or taken up again before the step is left to a later try

Source = Callable[[int], Iterator[bytes]]
"""The bytes of a blob from an offset on; called again after a cut."""


class RegistryClient:
    """One OCI registry. `chunk_bytes` limits a single request where a proxy in front does; 0 sends a blob in one."""

    def __init__(self, transport: Transport, *, chunk_bytes: int = 0) -> None:
        self._transport = transport
        self._chunk_bytes = chunk_bytes

    def push_image(
        self,
        image: BuiltImage,
        *,
        repository: str,
        blobs: BlobReader,
        tag: str = "",
        mount_from: str = "",
        progress: Progress | None = None,
    ) -> None:
        """Send what the repository lacks: layers, config, then the manifest's exact bytes, under its digest and `tag`.

        `mount_from` is a repository of the same registry that may hold the layers. Raises `DigestMismatchError` if the
        registry stored something else, `TransientError`, `OperatorError`. Safe to repeat; what arrived is not resent.
        """
        total, done = sum(layer.size for layer in image.layers), 0
        for layer in image.layers:
            self.push_blob(
                repository=repository,
                digest=layer.digest,
                size=layer.size,
                source=_metered(blobs, layer, before=done, total=total, progress=progress),
                mount_from=mount_from,
            )
            done += layer.size
            if progress is not None:
                progress(done, total)
        self.push_bytes(repository=repository, data=image.config, mount_from=mount_from)
        for name in filter(None, [image.digest, tag]):
            self.put_manifest(repository=repository, reference=name, data=image.manifest)

    def push_bytes(self, *, repository: str, data: bytes, mount_from: str = "") -> str:
        """Send a small blob; returns its digest."""
        digest = digest_of(data)
        self.push_blob(
            repository=repository,
            digest=digest,
            size=len(data),
            source=lambda start: iter([data[start:]]),
            mount_from=mount_from,
        )
        return digest

    def has_blob(self, *, repository: str, digest: str) -> bool:
        """Whether the repository holds the blob."""
        return self._ask("HEAD", repository, f"blobs/{digest}", expect={200, 404}).status == HTTPStatus.OK

    def push_blob(self, *, repository: str, digest: str, size: int, source: Source, mount_from: str = "") -> bool:
        """Bring a blob into the repository; False if no byte had to be sent."""
        if self.has_blob(repository=repository, digest=digest):
            return False
        session = self._open_session(repository, digest=digest, mount_from=mount_from)
        if session is None:
            return False
        offset = 0
        for _round in range(_SESSIONS):
            if session is None:
                session, offset = self._open_session(repository), 0
            while session is not None and offset < size:
                before = offset
                session, offset = self._send_piece(repository, session, offset=offset, size=size, source=source)
                if session is not None and offset <= before:
                    break  # not a byte further: counts as a round
            if session is not None and offset == size and self._close_session(repository, session, digest):
                return True
        raise TransientError("oci_registry.upload_interrupted", digest=digest)

    def put_manifest(self, *, repository: str, reference: str, data: bytes, media_type: str = MANIFEST_TYPE) -> str:
        """Store a manifest's exact bytes under a tag or its digest; returns the digest.

        If it has a `subject` and the registry keeps no referrers, the subject's fallback index is kept up to date.
        """
        digest = digest_of(data)
        answer = self._ask(
            "PUT", repository, f"manifests/{reference}", expect={201}, headers={"Content-Type": media_type}, body=data
        )
        stored = answer.headers.get("Docker-Content-Digest", digest)
        if stored != digest:
            raise DigestMismatchError("oci_registry.digest_mismatch", expected=digest, actual=stored[:80])
        content = json.loads(data)
        if content.get("subject") and "OCI-Subject" not in answer.headers:
            self._note_referrer(repository, content, digest=digest, size=len(data))
        return digest

    def manifest(self, *, repository: str, reference: str) -> bytes:
        """A manifest's exact bytes; `NotFoundError` if absent, `DigestMismatchError` if they are not its digest's."""
        accept = {"Accept": _ANY_MANIFEST}
        answer = self._ask("GET", repository, f"manifests/{reference}", expect={200, 404}, headers=accept)
        if answer.status == HTTPStatus.NOT_FOUND:
            raise NotFoundError("oci_registry.unknown", reference=reference)
        actual = digest_of(answer.body)
        if reference.startswith("sha256:") and actual != reference:
            raise DigestMismatchError("oci_registry.digest_mismatch", expected=reference, actual=actual)
        return answer.body

    def referrers(self, *, repository: str, digest: str) -> list[Descriptor]:
        """What names the manifest as its subject: from the referrers API, or from the fallback tag without it."""
        found: list[Descriptor] = []
        page = f"/v2/{repository}/referrers/{digest}"
        while page:
            answer = self._send("GET", page, repository, expect={200, 404})
            if answer.status == HTTPStatus.NOT_FOUND:
                return self._fallback_index(repository, digest)
            found += descriptors(answer.json())
            page = _next_page(answer)
        return found

    def promote(
        self,
        image: BuiltImage,
        *,
        source: str,
        target: str,
        blobs: BlobReader,
        tag: str = "",
        progress: Progress | None = None,
    ) -> None:
        """Bring an image from one repository into another by mounting: no layer travels if the registry allows it."""
        self.manifest(repository=source, reference=image.digest)
        self.push_image(image, repository=target, blobs=blobs, tag=tag, mount_from=source, progress=progress)

    def attach(self, image: BuiltImage, attachment: Attachment, *, repository: str) -> str:
        """Keep something beside an image that the repository holds; returns its manifest's digest. Safe to repeat."""
        self.push_bytes(repository=repository, data=attachment.data)
        if attachment.signature:
            self.push_bytes(repository=repository, data=signature_config(attachment))
            manifest = signature_manifest(attachment)
            tag = _signature_tag(image.digest)
            return self.put_manifest(repository=repository, reference=tag, data=manifest)
        self.push_bytes(repository=repository, data=EMPTY_CONFIG)
        manifest = referrer_manifest(image, attachment)
        return self.put_manifest(repository=repository, reference=digest_of(manifest), data=manifest)

    def attachments(self, *, repository: str, digest: str) -> list[Attachment]:
        """What `attach` put beside the image; referrers of another shape are passed over."""
        names = [each.digest for each in self.referrers(repository=repository, digest=digest)]
        found = [attachment_in(self.manifest(repository=repository, reference=name)) for name in names]
        with suppress(NotFoundError):
            found.append(signature_in(self.manifest(repository=repository, reference=_signature_tag(digest))))
        return [each.with_data(self.blob(repository=repository, digest=each.digest)) for each in found if each]

    def blob(self, *, repository: str, digest: str) -> bytes:
        """A small blob's bytes (at most 8 MiB), compared with the digest; `NotFoundError` if absent."""
        answer = self._ask("GET", repository, f"blobs/{digest}", expect={200, 404})
        if answer.status == HTTPStatus.NOT_FOUND:
            raise NotFoundError("oci_registry.unknown", reference=digest)
        if digest_of(answer.body) != digest:
            raise DigestMismatchError("oci_registry.digest_mismatch", expected=digest, actual=digest_of(answer.body))
        return answer.body

    def try_to_push(self, *, repository: str) -> None:
        """Begin an upload and take it back; raises what a push would. Registries that cannot take it back forget it."""
        session = self._open_session(repository)
        self._transport.send_once("DELETE", str(session), scope=_scope(repository))

    def keeps_referrers(self, *, repository: str) -> bool:
        """Whether the registry has the referrers API; one without it answers 404."""
        nothing = digest_of(b"")
        return self._ask("GET", repository, f"referrers/{nothing}", expect={200, 404}).status == HTTPStatus.OK

    def delete_manifest(self, *, repository: str, digest: str) -> None:
        """Forget a manifest; one that is absent, or a registry that deletes nothing, is fine."""
        self._ask("DELETE", repository, f"manifests/{digest}", expect={202, 404, 405})

    def _open_session(self, repository: str, *, digest: str = "", mount_from: str = "") -> str | None:
        """Where to send a blob; None if the registry mounted it."""
        asked = "?" + urlencode({"mount": digest, "from": mount_from}) if digest and mount_from else ""
        scope = _scope(repository, mount_from)
        answer = self._transport.send(
            "POST", f"/v2/{repository}/blobs/uploads/{asked}", scope=scope, expect=frozenset({201, 202})
        )
        return None if asked and answer.status == HTTPStatus.CREATED else answer.location()

    def _send_piece(
        self, repository: str, session: str, *, offset: int, size: int, source: Source
    ) -> tuple[str | None, int]:
        """Send from `offset` on, the rest or a chunk; returns what to go on with: session, None if lost, and offset."""
        end = min(size, offset + self._chunk_bytes) if self._chunk_bytes else size
        headers = {
            "Content-Type": _OCTETS,
            "Content-Length": str(end - offset),
            "Content-Range": f"{offset}-{end - 1}",
        }
        body = _limited(source(offset), end - offset)
        try:
            answer = self._transport.send_once("PATCH", session, scope=_scope(repository), headers=headers, body=body)
        except TransientError:
            return self._where_it_stopped(repository, session)
        if answer.status in {HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT}:
            return answer.location(), end
        if answer.status == HTTPStatus.NOT_FOUND:
            return None, 0
        if answer.status == HTTPStatus.UNAUTHORIZED and not self._transport.authorize(answer, scope=_scope(repository)):
            raise self._transport.refusal(answer)
        if (
            answer.status
            in {
                HTTPStatus.UNAUTHORIZED,
                HTTPStatus.REQUEST_TIMEOUT,
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                HTTPStatus.TOO_MANY_REQUESTS,
            }
            or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        ):
            if answer.status == HTTPStatus.INSUFFICIENT_STORAGE:
                raise self._transport.refusal(answer)
            return self._where_it_stopped(repository, session)
        raise self._transport.refusal(answer)

    def _where_it_stopped(self, repository: str, session: str) -> tuple[str | None, int]:
        """Ask how much of an interrupted upload has arrived."""
        answer = self._transport.send("GET", session, scope=_scope(repository), expect=frozenset({204, 404}))
        if answer.status == HTTPStatus.NOT_FOUND:
            return None, 0
        arrived = _RANGE.fullmatch(answer.headers.get("Range", ""))
        last = int(arrived[1]) if arrived else 0
        if not last:
            return None, 0  # 0-0 is one byte by the letter, but also what registries answer that have none
        return (answer.location() if "Location" in answer.headers else session), last + 1

    def _close_session(self, repository: str, session: str, digest: str) -> bool:
        """Let the registry check and keep the blob; False if it lost the session."""
        mark = "&" if urlsplit(session).query else "?"
        address = f"{session}{mark}digest={quote(digest, safe='')}"
        answer = self._transport.send(
            "PUT", address, scope=_scope(repository), expect=frozenset({201, 400, 404}), headers={"Content-Length": "0"}
        )
        if answer.status == HTTPStatus.BAD_REQUEST:
            raise DigestMismatchError("oci_registry.digest_mismatch", expected=digest, actual="")
        return answer.status == HTTPStatus.CREATED

    def _note_referrer(self, repository: str, content: dict[str, Any], *, digest: str, size: int) -> None:
        """Add a manifest to the index under its subject's fallback tag, once."""
        artifact = content.get("artifactType") or content.get("config", {}).get("mediaType", "")
        new = Descriptor(
            digest=digest, media_type=content.get("mediaType", MANIFEST_TYPE), size=size, artifact_type=artifact
        )
        subject = content["subject"]["digest"]
        known = self._fallback_index(repository, subject)
        if digest in {each.digest for each in known}:
            return
        index = {
            "schemaVersion": 2,
            "mediaType": INDEX_TYPE,
            "manifests": [each.as_json() for each in [*known, new]],
        }
        self.put_manifest(
            repository=repository, reference=_fallback_tag(subject), data=canonical(index), media_type=INDEX_TYPE
        )

    def _fallback_index(self, repository: str, digest: str) -> list[Descriptor]:
        try:
            return descriptors(json.loads(self.manifest(repository=repository, reference=_fallback_tag(digest))))
        except NotFoundError:
            return []

    def _ask(
        self,
        method: str,
        repository: str,
        path: str,
        *,
        expect: set[int],
        headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        return self._send(method, f"/v2/{repository}/{path}", repository, expect=expect, headers=headers, body=body)

    def _send(
        self,
        method: str,
        target: str,
        repository: str,
        *,
        expect: set[int],
        headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        return self._transport.send(
            method, target, scope=_scope(repository), expect=frozenset(expect), headers=headers, body=body
        )


def _scope(repository: str, mount_from: str = "") -> str:
    """The token scope for pushing, with leave to read what is mounted."""
    scopes = [f"repository:{repository}:pull,push"]
    return " ".join([*scopes, f"repository:{mount_from}:pull"] if mount_from else scopes)


def _limited(chunks: Iterable[bytes], length: int) -> Iterator[bytes]:
    """The first `length` bytes."""
    for chunk in chunks:
        if len(chunk) >= length:
            yield chunk[:length]
            return
        length -= len(chunk)
        yield chunk


def _metered(blobs: BlobReader, layer: LayerRecipe, *, before: int, total: int, progress: Progress | None) -> Source:
    """The bytes of a layer, each chunk told to `progress`: a model is often one layer that takes minutes."""

    def source(start: int) -> Iterator[bytes]:
        done = before + start
        for chunk in layer_from(blobs, layer, start=start):
            yield chunk
            done += len(chunk)
            if progress is not None:
                progress(done, total)

    return source


def _fallback_tag(digest: str) -> str:
    return digest.replace(":", "-", 1)


def _signature_tag(digest: str) -> str:
    """Where cosign's older form looks."""
    return f"{_fallback_tag(digest)}.sig"


def _next_page(answer: Answer) -> str:
    """The address of the next page (RFC 8288), "" after the last one."""
    match = re.match(r'<([^>]+)>\s*;\s*rel="?next"?', answer.headers.get("Link", ""))
    return match[1] if match else ""
