"""Log lines for people and for machines. Neither shows addresses, bodies, cookies or query strings."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from registry import log_context

FIELDS = "portal_fields"
"""The attribute of a record that holds further fields of its JSON line: `extra={FIELDS: {...}}`."""
SERVING = "/serve/"
"""Below it callers of models are answered, in the words of their protocol."""


class ContextFilter(logging.Filter):
    """Puts the current request's id and job on each log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Never drops a record."""
        label = log_context.job.get()
        record.request_id = log_context.request_id.get()
        record.job = label
        parts = [log_context.request_id.get(), f"job {label.id}" if label else ""]
        record.context = " ".join(filter(None, parts)) or "-"
        return True


class ExpectedRefusalFilter(logging.Filter):
    """Drops Django's error line for a model that is being restarted: the answer says so, and the log has the event."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record stays."""
        path = getattr(getattr(record, "request", None), "path", "")
        away = getattr(record, "status_code", 0) == HTTPStatus.SERVICE_UNAVAILABLE
        return not (away and path.startswith(SERVING))


class JsonFormatter(logging.Formatter):
    """One JSON object a line; a traceback is one field of it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
        }
        if request_id := getattr(record, "request_id", ""):
            line["request_id"] = request_id
        label: log_context.JobLabel | None = getattr(record, "job", None)
        if label is not None:
            line |= {"job_id": label.id, "job_kind": label.kind, "job_attempt": label.attempt}
        line |= getattr(record, FIELDS, {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def logging_settings(log_format: str) -> dict[str, Any]:
    """Django's `LOGGING`: everything to standard error, as `line` or `json`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "context": {"()": "portal.logs.ContextFilter"},
            "expected_refusal": {"()": "portal.logs.ExpectedRefusalFilter"},
        },
        "formatters": {
            "line": {"format": "%(asctime)s %(levelname)s %(name)s [%(context)s] %(message)s"},
            "json": {"()": "portal.logs.JsonFormatter"},
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": log_format, "filters": ["context"]}},
        "loggers": {
            "django.request": {"filters": ["expected_refusal"]},
            # A line for each request is for machines: they can count and search what people could only scroll.
            "portal.requests": {"level": "INFO" if log_format == "json" else "WARNING"},
        },
        "root": {"handlers": ["console"], "level": "INFO"},
    }
