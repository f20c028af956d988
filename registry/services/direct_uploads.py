"""Uploads past the portal: reserved here, sent to the bucket in parts, looked at here before they count."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from registry.backends import direct_uploads
from registry.errors import ConflictError, NotFoundError, PortalError, UserError
from registry.interfaces import DirectUploads
from registry.jobs.queue import Due
from registry.models import Account, Upload
from registry.services.finishing import queue_finishing
from registry.services.uploads import create_upload, extend, terminate_upload

ADDRESSES_AT_ONCE = 100
_ADDRESS_LIFE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartAddress:
    """Where part `number`, of `length` bytes, may be PUT until `expires_at`."""

    number: int
    length: int
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an upload is: `arrived` are the numbers of the parts that are there whole, of `parts`."""

    part_bytes: int
    parts: int
    arrived: Sequence[int]


def begin_direct(*, actor: Account, version_id: int, path: str, length: int, modified: int | None = None) -> Upload:
    """Reserve room as for every upload, and open a session; `ConflictError` where the portal knows no such way.

    `modified` is the file's own time of change, in ms since 1970: what is unfinished goes on with that very file only.
    """
    place = _place()
    if not length:
        raise UserError("upload.direct_empty", field="length")
    metadata = "" if modified is None else f"modified {base64.b64encode(str(modified).encode()).decode()}"
    upload = create_upload(actor=actor, version_id=version_id, path=path, length=length, metadata=metadata)
    try:
        upload.direct_session = place.begin(upload.pk.hex)
    except PortalError:
        terminate_upload(upload=upload)
        raise
    upload.save(update_fields=["direct_session"])
    return upload


def part_bytes() -> int:
    """The length of every part but the last."""
    return _place().part_bytes


def progress_of(*, upload: Upload) -> Progress:
    """Which parts have arrived; `NotFoundError` where the storage has dropped them, so that it must begin anew."""
    place = _place_of(upload)
    lengths = _lengths(upload.length, place.part_bytes)
    if upload.direct_arrived:
        return Progress(part_bytes=place.part_bytes, parts=len(lengths), arrived=tuple(lengths))
    try:
        found = place.arrived(upload.pk.hex, upload.direct_session)
    except NotFoundError as error:
        raise NotFoundError("upload.unknown") from error
    arrived = tuple(number for number, length in lengths.items() if found.get(number) == length)
    return Progress(part_bytes=place.part_bytes, parts=len(lengths), arrived=arrived)


def addresses(*, upload: Upload, numbers: Sequence[int]) -> list[PartAddress]:
    """Signed addresses of these parts, at most `ADDRESSES_AT_ONCE`; ask again for those that expired.

    Whoever asks is still sending, so the upload's expiry counts from now on.
    """
    place = _place_of(upload)
    lengths = _lengths(upload.length, place.part_bytes)
    wrong = next((number for number in numbers if number not in lengths), None)
    if wrong is not None:
        raise UserError("upload.direct_part", field="parts", number=wrong, last=len(lengths))
    extend(upload)
    expires_at = timezone.now() + _ADDRESS_LIFE
    return [
        PartAddress(
            number=number,
            length=lengths[number],
            url=place.address(upload.pk.hex, upload.direct_session, number, lengths[number]),
            expires_at=expires_at,
        )
        for number in dict.fromkeys(numbers)
    ]


def complete_direct(*, upload: Upload) -> Due:
    """Join the parts if all are there, and make the finishing due: digest, then file of the draft. Safe to repeat.

    `ConflictError` while parts are missing or of another length, with the number of the first such part.
    """
    place = _place_of(upload)
    if upload.direct_arrived:
        return queue_finishing(upload)
    try:
        arrived = place.arrived(upload.pk.hex, upload.direct_session)
    except NotFoundError:
        pass  # joined before, by a call whose answer was lost
    else:
        _check_parts(arrived, upload.length, place.part_bytes)
    size = place.complete(upload.pk.hex, upload.direct_session)
    if size != upload.length:
        terminate_upload(upload=upload)
        raise ConflictError("upload.direct_size", length=upload.length, arrived_bytes=size)
    with transaction.atomic():
        if not Upload.objects.filter(pk=upload.pk).update(direct_arrived=True):
            raise NotFoundError("upload.unknown")
        upload.direct_arrived = True
        return queue_finishing(upload)


def _check_parts(arrived: Mapping[int, int], length: int, size: int) -> None:
    """Every part is there, each of its length: a part that was cut or belongs to another file shows here."""
    for number, expected in _lengths(length, size).items():
        if arrived.get(number) != expected:
            raise ConflictError("upload.direct_incomplete", number=number)


def _lengths(length: int, size: int) -> dict[int, int]:
    """The bytes of each part of a file, by number from 1 on."""
    return {number: min(size, length - start) for number, start in enumerate(range(0, length, size), start=1)}


def _place() -> DirectUploads:
    place = direct_uploads()
    if place is None:
        raise ConflictError("upload.direct_off")
    return place


def _place_of(upload: Upload) -> DirectUploads:
    """Where this upload's bytes go; only for one that was begun so and has not ended."""
    if not upload.direct_session:
        raise ConflictError("upload.direct_not_begun")
    if upload.finished_at is not None:
        raise ConflictError("upload.direct_finished")
    if not upload.version.is_editable:
        raise ConflictError("version.frozen", state=upload.version.state)
    return _place()
