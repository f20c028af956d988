"""`manage.py rebuild_catalogue`: writes the catalogue's rows and its search index anew."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from registry.listing import rebuild_catalogue


class Command(BaseCommand):
    """Safe to repeat; readers see the old catalogue until it ends."""

    help = "Write the catalogue's rows and its search index anew from models and versions."

    def handle(self, *args: Any, **options: Any) -> None:
        """Rebuild and say how many entries there are."""
        del args, options
        self.stdout.write(f"{rebuild_catalogue()} entries")
