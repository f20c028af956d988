"""A small, strict stand-in for a Kubernetes API server, for the real `kubernetes` client over HTTP."""

from __future__ import annotations

from tests.stubs.kube_api.api import ADMIN, KubeApi
from tests.stubs.kube_api.faults import Fault

__all__ = ["ADMIN", "Fault", "KubeApi"]
