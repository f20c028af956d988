"""`manage.py grant_right <user name> <right>`: gives a right, or takes it back; the way to the first administrator."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from registry.errors import PortalError
from registry.messages import message
from registry.permissions import GROUPS
from registry.services import set_right


class Command(BaseCommand):
    """Safe to repeat."""

    help = "Give an account the right to review, operate or administer; --revoke takes it back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whom, what, and which way."""
        parser.add_argument("username")
        parser.add_argument("right", choices=GROUPS)
        parser.add_argument("--revoke", action="store_true", help="take the right back")

    def handle(self, *args: Any, **options: Any) -> None:
        """Change the right and say so."""
        del args
        try:
            set_right(username=options["username"], right=options["right"], held=not options["revoke"])
        except PortalError as error:
            text = message(error.code, error.params)
            raise CommandError(f"{text.title} {text.body}".strip()) from error
        verb = "no longer in" if options["revoke"] else "now in"
        self.stdout.write(f"{options['username']} is {verb} {options['right']}")
