"""A parser that breaks takes only its own process down, and that is a refusal."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from registry.inspection import child
from registry.inspection.child import FORBIDDEN_EXIT
from registry.inspectors import ChildProcessInspector
from tests.registry.inspection.corpus import MODELS, hostile

ROOT = Path(__file__).parents[3]
BROKEN = {
    "segmentation fault": ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "gate.crashed"),
    "real segmentation fault": ("import ctypes; ctypes.string_at(0)", "gate.crashed"),
    "abort": ("import os; os.abort()", "gate.crashed"),
    "exit 1": ("raise SystemExit(1)", "gate.crashed"),
    "forbidden event": (f"raise SystemExit({FORBIDDEN_EXIT})", "gate.crashed"),
    "killed": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "gate.crashed"),
    "no answer": ("pass", "gate.crashed"),
    "garbage": ("print('ok')", "gate.crashed"),
    "half an answer": ("print('{\"accepted\": true')", "gate.crashed"),
    "another path": ('print(\'{"path": "x", "accepted": true, "model_format": "", "code": ""}\')', "gate.crashed"),
    "endless answer": ("import sys\nwhile True: sys.stdout.write('x' * 65536)", "gate.crashed"),
    "out of processor time": (
        "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (1, 2))\nwhile True: pass",
        "gate.timeout",
    ),
}


def _script(tmp_path: Path, code: str) -> Path:
    script = tmp_path / "broken.py"
    script.write_text(code)
    return script


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_child_is_a_refusal(tmp_path: Path, case: str) -> None:
    code, reason = BROKEN[case]
    before = os.getpid()

    answer = ChildProcessInspector(script=_script(tmp_path, code)).inspect(
        path="model.json", blob=MODELS / "iris-xgboost.json"
    )

    assert (answer.accepted, answer.code, answer.introspection) == (False, reason, None)
    assert os.getpid() == before


def test_a_child_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = f"""
import os, subprocess, time
child = subprocess.Popen(["sleep", "300"])
open({str(pid_file)!r}, "w").write(str(child.pid))
time.sleep(300)
"""

    for timeout in (2, 10, 60):
        answer = ChildProcessInspector(script=_script(tmp_path, code), timeout=timeout).inspect(
            path="model.onnx", blob=MODELS / "layer.onnx"
        )
        assert answer.code == "gate.timeout"
        if pid_file.exists():  # a busy machine may take longer than that to start both
            break

    with suppress(ProcessLookupError):
        started = os.pidfd_open(int(pid_file.read_text()))
        poll = select.poll()
        poll.register(started, select.POLLIN)
        assert poll.poll(60_000), "the grandchild is still alive"
        os.close(started)


def test_memory_is_limited(tmp_path: Path) -> None:
    blob = tmp_path / "blob"
    blob.write_bytes(b'{"learner": [' + b"1," * 20_000_000 + b'1], "version": [2, 1, 4]}')

    answer = ChildProcessInspector(memory=128 << 20).inspect(path="model.json", blob=blob)

    assert (answer.accepted, answer.code) == (False, "gate.memory")


@pytest.mark.parametrize(
    "action",
    [
        "import colorsys",
        "exec('1')",
        "compile('1', 'x', 'eval')",
        "eval('1')",
        "open('/etc/passwd')",
        "open('/tmp/x', 'w')",
        "pickle.loads(b'cos\\nsystem\\n.')",
        "marshal.loads(marshal.dumps(1))",
        "os.system('true')",
        "os.fork()",
        "subprocess.Popen(['true'])",
        "socket.socket()",
        "ctypes.CDLL(None)",
        "os.listdir('/')",
        "os.remove('/tmp/none')",
    ],
)
def test_what_data_cannot_cause_ends_the_process(action: str) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import ctypes, marshal, os, pickle, socket, subprocess
from registry.inspection import child
child.forbid()
try:
    {action}
except BaseException:
    pass
"""
    assert subprocess.run([sys.executable, "-I", "-c", code], check=False).returncode == FORBIDDEN_EXIT


def test_the_limits_hold_before_the_first_byte_is_read(tmp_path: Path) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import os, resource
from registry.inspection import child
child.confine(memory=1 << 30, cpu=7)
names = "AS CPU FSIZE NOFILE NPROC CORE".split()
print(*(resource.getrlimit(getattr(resource, "RLIMIT_" + name))[1] for name in names))
try:
    open({str(tmp_path / "written")!r}, "w").write("x")
except OSError:
    print("not written")
"""
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=False, text=True)

    assert done.stdout.splitlines()[0] == f"{1 << 30} 8 0 16 0 0"
    written = tmp_path / "written"
    assert not written.exists() or written.stat().st_size == 0


def test_the_child_has_no_environment_and_sees_only_the_name(tmp_path: Path) -> None:
    shown = tmp_path / "shown"
    code = f"import os, sys; open({str(shown)!r}, 'w').write(repr((sys.argv[1:2], sorted(os.environ), os.getcwd())))"

    ChildProcessInspector(script=_script(tmp_path, code)).inspect(path="a b/mödel.onnx", blob=MODELS / "layer.onnx")

    assert "a b/mödel.onnx" in shown.read_text()
    assert set(eval(shown.read_text())[1]) <= {"LC_CTYPE"}


def test_a_subset_of_the_corpus_through_the_real_child(tmp_path: Path) -> None:
    marker, blob = tmp_path / "marker", tmp_path / "blob"
    inspector = ChildProcessInspector()
    for sample in hostile(marker)[::25]:
        blob.write_bytes(sample.data)
        answer = inspector.inspect(path=sample.path, blob=blob)
        assert not answer.accepted, sample.name
        assert answer.code not in {"gate.crashed", "gate.timeout", "gate.malformed"}, sample.name
    assert not marker.exists()


def test_the_script_is_where_the_inspector_looks() -> None:
    assert Path(child.__file__).name == "child.py"


def test_the_child_has_no_network_where_the_kernel_allows_it() -> None:
    if subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("this kernel lets nobody make a network of their own")
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import os
from registry.inspection import child
child.confine(memory=1 << 30, cpu=7)
print(os.readlink("/proc/self/ns/net"))
"""
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=True, text=True)

    assert done.stdout.strip() != os.readlink("/proc/self/ns/net")  # noqa: PTH115
