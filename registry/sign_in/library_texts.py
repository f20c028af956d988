"""Texts of Django and django-allauth that their own catalogues lack in one of our languages; ours translate them.

Django looks into the portal's catalogue first, so that a text stands here is enough.
"""

from __future__ import annotations

from django.utils.translation import ngettext_lazy

LACKING = (
    ngettext_lazy(
        "This password is too short. It must contain at least %d character.",
        "This password is too short. It must contain at least %d characters.",
    ),
)
