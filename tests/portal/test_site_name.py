"""The site's name, which an organisation may change."""

from __future__ import annotations

import ast

from django.conf import settings

from tests.architecture import project

# The catalogues of translations are about the software, whatever a site calls itself.
ABOUT_THE_SOFTWARE = {"portal/translations/catalogues.py", "portal/translations/extraction.py"}


def test_it_stands_in_the_settings_alone() -> None:
    naming = {
        source.path
        for source in project()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and settings.SITE_NAME in str(node.value) and "\n" not in str(node.value)
    }
    assert naming - ABOUT_THE_SOFTWARE == {"portal/settings.py"}
