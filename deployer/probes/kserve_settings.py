"""KServe's own settings, from its ConfigMap: its default mode, and whether it goes by the Gateway API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from deployer.probes.report import Finding, warns, works
from deployer.serving.cluster_api import Object

NAME = "inferenceservice-config"
_MODES = {"Serverless": "Knative", "RawDeployment": "Standard"}
"""What earlier releases call the modes."""


def settings_findings(config: Object | None) -> Iterator[Finding]:
    """What the settings mean for the portal; None stands for a ConfigMap that is not there."""
    mode = str(_section(config, "deploy").get("defaultDeploymentMode") or "")
    gateway_api = _section(config, "ingress").get("enableGatewayApi")
    if not mode or not isinstance(gateway_api, bool):
        yield warns("probe.kserve_settings_unknown", name=NAME)
        return
    yield works("probe.kserve_default_mode", mode=_MODES.get(mode, mode))
    yield works("probe.kserve_gateway_api") if gateway_api else warns("probe.kserve_ingress", name=NAME)


def _section(config: Object | None, name: str) -> Mapping[str, object]:
    """One key of the ConfigMap, which holds JSON; empty if it is not there or cannot be read."""
    try:
        found = json.loads(((config or {}).get("data") or {})[name])
    except (KeyError, TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
