"""Giving back the room of what was sent to the bucket and is not wanted any more."""

from __future__ import annotations

import logging

from registry.backends import direct_uploads
from registry.errors import PortalError
from registry.models import Upload

logger = logging.getLogger(__name__)


def free_direct(upload: Upload) -> None:
    """Discard the upload's parts. A bucket that is away keeps them until its lifecycle rule ends them."""
    place = direct_uploads()
    if place is None or not upload.direct_session:
        return
    try:
        place.discard(upload.pk.hex, upload.direct_session)
    except PortalError as error:
        logger.warning("the parts of upload %s stay in the bucket: %s", upload.pk, error)
