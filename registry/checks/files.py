"""Checks of the files: names, sizes, the format gate and the second opinion."""

from __future__ import annotations

import logging

from django.conf import settings

from registry.backends import blob_store, file_inspector, pickle_scanner
from registry.checks.results import Detail, Finding, detail
from registry.checks.subject import Evidence, Progress, Subject
from registry.inspection.names import case_duplicates, judge_path
from registry.interfaces import Verdict
from registry.uploads.admission import quota_of, used_bytes

logger = logging.getLogger(__name__)


def check_names(subject: Subject, _evidence: Evidence, _progress: Progress) -> Finding:
    """Every path travels unchanged through file systems, archives and pages, and none has a twin in another case."""
    paths = [file.path for file in subject.files]
    judged = ((path, judge_path(path)) for path in paths)
    details = [detail(code, subject=path) for path, code in judged if code]
    details += [
        detail("names.case_twin", subject=path, params={"other": other}) for other, path in case_duplicates(paths)
    ]
    if details:
        params = {"count": len(details)}
        return Finding(verdict=Verdict.FAIL, code="names.refused", params=params, details=tuple(details))
    return Finding(verdict=Verdict.PASS, code="names.passed", params={"count": len(paths)})


def check_size(subject: Subject, _evidence: Evidence, _progress: Progress) -> Finding:
    """Count and sizes stay within the portal's limits, and a draft within its owner's quota."""
    limits, total = settings.LIMITS, sum(file.size for file in subject.files)
    details = [
        detail(
            "size.file", subject=file.path, params={"size_bytes": file.size, "limit_bytes": limits["max_file_bytes"]}
        )
        for file in subject.files
        if file.size > limits["max_file_bytes"]
    ]
    if len(subject.files) > limits["max_version_files"]:
        params = {"count": len(subject.files), "limit": limits["max_version_files"]}
        details.append(detail("size.count", params=params))
    if total > limits["max_version_bytes"]:
        params = {"size_bytes": total, "limit_bytes": limits["max_version_bytes"]}
        details.append(detail("size.total", params=params))
    if not subject.frozen:  # a frozen version's bytes are held already, whatever became of the quota since
        details += _over_quota(subject)
    if details:
        return Finding(verdict=Verdict.FAIL, code="size.refused", details=tuple(details))
    params = {"count": len(subject.files), "size_bytes": total}
    return Finding(verdict=Verdict.PASS, code="size.passed", params=params)


def _over_quota(subject: Subject) -> list[Detail]:
    used, quota = used_bytes(subject.owner), quota_of(subject.owner)
    if used <= quota:
        return []
    return [detail("size.quota", params={"used_bytes": used, "limit_bytes": quota})]


def check_format(subject: Subject, evidence: Evidence, progress: Progress) -> Finding:
    """Every file passes the gate, and exactly one is a model: with two, nobody could say which one is served."""
    store, inspector = blob_store(), file_inspector()
    for done, file in enumerate(subject.files):
        progress(done, len(subject.files))
        evidence.inspections.append(inspector.inspect(path=file.path, blob=store.local_path(file.sha256)))
    refused = [found for found in evidence.inspections if not found.accepted]
    if refused:
        return Finding(
            verdict=Verdict.FAIL,
            code="format.refused",
            params={"count": len(refused)},
            details=tuple(detail(found.code, subject=found.path, params=found.params) for found in refused),
            advice="\n".join(dict.fromkeys(found.advice for found in refused if found.advice)),
        )
    models = [found for found in evidence.inspections if found.model_format]
    if not models:
        return Finding(verdict=Verdict.FAIL, code="format.no_model" if subject.files else "format.no_files")
    if len(models) > 1:
        details = tuple(
            detail("format.is_model", subject=found.path, params={"format": found.model_format}) for found in models
        )
        return Finding(verdict=Verdict.FAIL, code="format.several", params={"count": len(models)}, details=details)
    params = {"format": models[0].model_format, "path": models[0].path}
    return Finding(verdict=Verdict.PASS, code="format.passed", params=params)


def check_scan(subject: Subject, _evidence: Evidence, progress: Progress) -> Finding:
    """An independent scanner finds nothing in any file either. A scanner that fails is a refusal."""
    store, scanner = blob_store(), pickle_scanner()
    details, names = [], set()
    for done, file in enumerate(subject.files):
        progress(done, len(subject.files))
        result = scanner.scan(path=file.path, blob=store.local_path(file.sha256))
        names.add(result.scanner)
        if not result.clean:
            # The scanner's own words go to the log: they quote hostile bytes and are no help to a volunteer.
            logger.warning("scanner %s on blob %s: %s %s", result.scanner, file.sha256, result.code, result.detail)
            details.append(detail(result.code, subject=file.path))
    if details:
        params = {"count": len(details)}
        return Finding(verdict=Verdict.FAIL, code="scan.refused", params=params, details=tuple(details))
    return Finding(
        verdict=Verdict.PASS,
        code="scan.clean",
        params={"count": len(subject.files), "scanner": ", ".join(sorted(names - {""}))},
    )
