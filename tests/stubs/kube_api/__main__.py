"""`python -m tests.stubs.kube_api KUBECONFIG`: the stand-in by itself, until it is interrupted."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from tests.stubs.kube_api import KubeApi

with KubeApi() as api:
    path = api.kubeconfig(Path(sys.argv[1]))
    sys.stdout.write(f"{api.url}, kubeconfig {path}\n")
    sys.stdout.flush()
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
