"""How tests act as people at the pages, and what they look at afterwards."""

from __future__ import annotations

import html
import io
import re
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings as configured
from django.test import Client

from registry.jobs import runner
from registry.jobs.queue import due_job_ids
from registry.messages import UNKNOWN
from registry.models import Job, ModelVersion

HIDDEN = re.compile(r"(?s)<(script|style|head|nav|footer)\b.*?</\1>|<[^>]+>")


def words(response: Any) -> str:
    """What a person reads on the page."""
    return " ".join(html.unescape(HIDDEN.sub(" ", response.content.decode())).split())


def traces() -> dict[str, Any]:
    """Rows per table and files per folder: what a refused request may not change."""
    rows = {
        model.__name__: model._default_manager.count()
        for app in ("registry", "deployer")
        for model in apps.get_app_config(app).get_models()
        if model is not Job
    }
    root = Path(configured.UPLOADS_DIR).parent
    return rows | {"files": sorted(str(path.relative_to(root)) for path in root.rglob("*") if _is_content(path))}


def _is_content(path: Path) -> bool:
    return path.is_file() and path.parent.name != "places" and path.name != "folder-id"


def helpful(response: Any, *, says: str) -> None:
    """The answer is a refusal whose words are complete: a cause that the test names, and nothing left unfilled."""
    text = words(response) if "html" in response["Content-Type"] else response.content.decode()
    assert 400 <= response.status_code < 500, (response.status_code, text)
    assert says in text
    assert str(UNKNOWN.title) not in text
    assert "%(" not in text
    assert "Traceback" not in text


def work() -> None:
    """Do what is due, in this process."""
    while ids := due_job_ids():
        for job_id in ids:
            runner.run_job(job_id=job_id)


def checked(web: Client, draft: ModelVersion) -> str:
    """Run the checks of the draft, and read its page."""
    web.post(f"/drafts/{draft.pk}/check/")
    work()
    return words(web.get(f"/drafts/{draft.pk}/"))


def named(name: str, data: bytes) -> io.BytesIO:
    file = io.BytesIO(data)
    file.name = name
    return file
