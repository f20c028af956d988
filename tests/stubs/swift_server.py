"""OpenStack Swift from Debian's packages with its S3 interface, one of each server, on free ports of this machine."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.ports import free_port

PROGRAM = shutil.which("swift-proxy-server")
KEY, SECRET = "test:portal", "sesame"
_KINDS = ("account", "container", "object")
_PROXY = """\
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {folder}
user = {user}
workers = 0
log_level = ERROR
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache bulk s3api tempauth copy slo dlo versioned_writes proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:tempauth]
use = egg:swift#tempauth
user_test_portal = sesame .admin
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{nowhere}
error_suppression_limit = 0
connect_timeout = 0.05
"""
_FILTERS = ("catch_errors", "gatekeeper", "healthcheck", "bulk", "s3api", "slo", "dlo", "versioned_writes", "copy")
_STORAGE = """\
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
user = {user}
workers = 0
log_level = ERROR
fallocate_reserve = 0
disable_fallocate = true
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""
# Swift's own Python makes the rings in one process: its command-line tool would need nine.
_RINGS = """
import sys
from swift.common.ring import RingBuilder
from tests.ports import free_port
for kind, port in zip(("account", "container", "object"), sys.argv[2:]):
    builder = RingBuilder(2, 1, 0)
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "ip": "127.0.0.1", "port": int(port), "device": "d", "weight": 1,
                     "replication_ip": "127.0.0.1", "replication_port": int(port)})
    builder.rebalance()
    builder.get_ring().save(f"{sys.argv[1]}/{kind}.ring.gz")
"""


@contextmanager
def running_swift(folder: Path) -> Iterator[str]:
    """The address of the S3 interface; data lies in `folder`."""
    ports = [free_port() for _ in range(5)]
    names = {"folder": folder, "user": pwd.getpwuid(os.getuid()).pw_name}
    (folder / "devices" / "d").mkdir(parents=True)
    (folder / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = tests\n")
    subprocess.run(["/usr/bin/python3", "-c", _RINGS, str(folder), *map(str, ports[:3])], check=True, timeout=60)
    with ExitStack() as running:
        for kind, port in zip(_KINDS, ports, strict=False):
            config = folder / f"{kind}-server.conf"
            config.write_text(_STORAGE.format(kind=kind, port=port, **names))
            running.enter_context(_program(f"swift-{kind}-server", config))
        config = folder / "proxy-server.conf"
        filters = (f"[filter:{name}]\nuse = egg:swift#{name}\n" for name in _FILTERS)
        config.write_text(_PROXY.format(port=ports[3], nowhere=ports[4], **names) + "".join(filters))
        running.enter_context(_program("swift-proxy-server", config))
        for port in ports[:4]:
            _wait_until_it_listens(port)
        yield f"http://127.0.0.1:{ports[3]}"


@contextmanager
def _program(name: str, config: Path) -> Iterator[None]:
    command = [str(shutil.which(name)), str(config)]
    with (config.with_suffix(".log")).open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            yield
        finally:
            server.terminate()


def _wait_until_it_listens(port: int) -> None:
    for _attempt in range(1200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("Swift did not start")
