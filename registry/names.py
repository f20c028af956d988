"""Rules for the names that stand in addresses."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

NAME_PATTERN = r"^[a-z](?:[a-z0-9]|-(?=[a-z0-9])){1,38}\Z"

validate_name = RegexValidator(
    NAME_PATTERN,
    _("Use 2 to 39 lower-case letters, digits and single hyphens; begin with a letter and do not end with a hyphen."),
)
ACCOUNT_NAME_VALIDATORS = [validate_name]
