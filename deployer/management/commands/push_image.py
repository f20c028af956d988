"""`manage.py push_image <version or digest> <reference>`: brings an image into an OCI registry."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from deployer import selectors
from deployer.backends import image_builder, oci_registry
from deployer.errors import PortalError, UserError
from deployer.oci.reference import Reference, parse_reference
from registry.backends import blob_store
from registry.messages import message


class Command(BaseCommand):
    """Pushes one image, layer by layer, straight from the content store; safe to repeat after a cut."""

    help = "Push the image of a version (owner/name/number) or of a digest (sha256:…) to an OCI registry."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to push, and where to."""
        parser.add_argument("what", metavar="VERSION_OR_DIGEST", help="owner/name/number, or sha256:…")
        parser.add_argument("reference", metavar="REFERENCE", help="host[:port]/repository[:tag]")
        parser.add_argument("--plain-http", action="store_true", help="without TLS: for a registry on this machine")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Push, and print where the image is now."""
        try:
            target = parse_reference(options["reference"])
            if target.digest:
                raise UserError("push.digest_given", reference=str(target))
            pushed = self._push(options["what"], target, scheme="http" if options["plain_http"] else "https")
        except PortalError as error:
            text = message(error.code, error.params)
            raise CommandError(f"{text.title} {text.body}".strip()) from error
        self.stdout.write(str(target.by_digest(pushed)))

    def _push(self, what: str, target: Reference, *, scheme: str) -> str:
        image = image_builder().get(selectors.image_named(what).digest)
        client = oci_registry(f"{scheme}://{target.registry}")
        client.push_image(image, repository=target.repository, blobs=blob_store(), tag=target.tag)
        return image.digest
