"""`manage.py export_image <version or digest> <folder>`: writes an image as an OCI layout for other tools."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from deployer import selectors
from deployer.backends import image_builder
from deployer.errors import PortalError
from deployer.oci.layers import layer_stream
from deployer.oci.layout import write_layout
from registry.backends import blob_store
from registry.messages import message


class Command(BaseCommand):
    """Writes one image, whole, with every layer's digest taken again on the way."""

    help = "Write the image of a version (owner/name/number) or of a digest (sha256:…) as an OCI layout."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to export, and where to."""
        parser.add_argument("what", metavar="VERSION_OR_DIGEST", help="owner/name/number, or sha256:…")
        parser.add_argument("folder", type=Path, metavar="DIR", help="a folder that does not exist yet, or is empty")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Export, and print the digest."""
        target: Path = options["folder"].absolute()
        try:
            wanted = selectors.image_named(options["what"])
            image = image_builder().get(wanted.digest)
            write_layout(target, image, stream=layer_stream(blob_store()), ref_name=wanted.ref_name)
        except PortalError as error:
            text = message(error.code, error.params)
            raise CommandError(f"{text.title} {text.body}".strip()) from error
        self.stdout.write(f"{image.digest} {target}")
