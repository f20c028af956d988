"""`manage.py verify_image <version or digest>`: whether what was published about an image is signed by this portal."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from deployer import selectors
from deployer.backends import image_builder, public_keys
from deployer.errors import NotFoundError, PortalError
from deployer.signatures import BUNDLE_TYPE, verify_bundle
from registry.messages import message


class Command(BaseCommand):
    """Reads the signed statements from where the image lies, and verifies each against the published keys."""

    help = "Verify the signed statements about the image of a version (owner/name/number) or of a digest (sha256:…)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to verify."""
        parser.add_argument("what", metavar="VERSION_OR_DIGEST", help="owner/name/number, or sha256:…")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print one line for each statement."""
        try:
            digest = selectors.image_named(options["what"]).digest
            bundles = [each for each in image_builder().attachments(digest) if each.artifact_type == BUNDLE_TYPE]
            if not bundles:
                raise NotFoundError("signing.no_statement", digest=digest)
            for each in bundles:
                statement = verify_bundle(each.data, keys=public_keys(), digest=digest)
                self.stdout.write(f"{digest} {each.title} {statement['predicateType']}")
        except PortalError as error:
            text = message(error.code, error.params)
            raise CommandError(f"{text.title} {text.body}".strip()) from error
