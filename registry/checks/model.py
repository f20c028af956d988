"""Checks of the model itself: what its file tells, and whether a runtime can serve it."""

from __future__ import annotations

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from registry.backends import runtime_catalogue
from registry.checks.results import Detail, Finding, detail
from registry.checks.subject import Evidence, Progress, Subject
from registry.interfaces import Introspection, RuntimeInfo, TensorInfo, Verdict
from registry.tensors import shown_shape

MAX_FACTS = 40
MAX_FACT_LENGTH = 200


def check_introspection(_subject: Subject, evidence: Evidence, _progress: Progress) -> Finding:
    """What the file tells about its model. Not required: a format that tells nothing can still be served."""
    found = evidence.introspection
    if evidence.model is None:
        return Finding(verdict=Verdict.WARN, code="introspection.no_model")
    if found is None or not (found.framework or found.model_type or found.inputs):
        return Finding(verdict=Verdict.WARN, code="introspection.nothing")
    params = {"framework": found.framework, "version": found.framework_version or "?", "type": found.model_type or "?"}
    known = bool(found.inputs)
    return Finding(
        verdict=Verdict.PASS if known else Verdict.WARN,
        code="introspection.found" if known else "introspection.no_inputs",
        params=params,
        details=_facts(found),
    )


def _facts(found: Introspection) -> tuple[Detail, ...]:
    facts = [_tensor("introspection.input", info) for info in found.inputs]
    facts += [_tensor("introspection.output", info) for info in found.outputs]
    if found.parameters is not None:
        facts.append(detail("introspection.parameters", params={"count": found.parameters}))
    facts += [
        detail("introspection.fact", params={"key": key[:MAX_FACT_LENGTH], "value": value[:MAX_FACT_LENGTH]})
        for key, value in found.metadata.items()
    ]
    return tuple(facts[:MAX_FACTS])


def _tensor(code: str, info: TensorInfo) -> Detail:
    params = {"name": info.name[:MAX_FACT_LENGTH], "datatype": info.datatype, "shape": shown_shape(info.shape)}
    return detail(code, params=params)


def check_runtime(_subject: Subject, evidence: Evidence, _progress: Progress) -> Finding:
    """A runtime serves the format, and can load what this version of the framework wrote."""
    model = evidence.model
    if model is None:
        return Finding(verdict=Verdict.FAIL, code="runtime.no_model")
    runtime = runtime_catalogue().for_format(model.model_format)
    if runtime is None:
        served = ", ".join(dict.fromkeys(info.model_format for info in runtime_catalogue().all()))
        params = {"format": model.model_format, "served": served}
        return Finding(verdict=Verdict.FAIL, code="runtime.none", params=params)
    evidence.runtime = runtime
    return _judge_version(runtime, model.introspection.framework_version if model.introspection else "")


def _judge_version(runtime: RuntimeInfo, written_by: str) -> Finding:
    params = {
        "runtime": runtime.label,
        "framework": runtime.framework,
        "version": written_by,
        "accepts": runtime.accepts,
        "served_version": runtime.framework_version,
    }
    if not runtime.accepts:
        return Finding(verdict=Verdict.PASS, code="runtime.passed", params=params)
    try:
        fits = SpecifierSet(runtime.accepts).contains(Version(written_by), prereleases=True)
    except InvalidVersion:
        return Finding(verdict=Verdict.WARN, code="runtime.version_unknown", params=params)
    if fits:
        return Finding(verdict=Verdict.PASS, code="runtime.passed", params=params)
    return Finding(verdict=Verdict.FAIL, code="runtime.version", params=params)
