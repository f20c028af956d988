"""The second opinion on every file: picklescan, as a child process that fails closed."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from registry.child_process import run
from registry.inspection.formats import EXTENSIONS, MAX_SIDE_JSON_SIZE, ModelFormat, extension, is_side_name
from registry.inspection.magic import looks_like
from registry.inspection.pickles import is_pickle, starts_with_proto
from registry.inspection.source import Source
from registry.inspection.verdicts import shown
from registry.interfaces import ScanResult

if TYPE_CHECKING:
    from collections.abc import Sequence

SCANNER = "picklescan 1.0.5 --strict"
MEMORY = 2 << 30
TIMEOUT_SECONDS = 60.0
# `python -m picklescan` drops the exit status, so its main function is called here, below limits of its own.
_LAUNCH = """
import resource, sys
memory, cpu = int(sys.argv.pop(1)), int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
from picklescan.cli import main
sys.exit(main())
"""
_DANGEROUS_STATUS = 1
_SUMMARY = re.compile(
    rb"^Scanned files: (\d+)\nInfected files: (\d+)\nSuspicious globals: (\d+)\nDangerous globals: (\d+)$",
    re.MULTILINE,
)
_FOUND = re.compile(rb"dangerous import '([^'\n]{1,200})' FOUND")
_UNPARSED = re.compile(rb"^(?:WARNING: |Invalid file )", re.MULTILINE)
_MAX_NAMED = 5


class PicklescanScanner:
    """`PickleScanner` by `picklescan --strict`, which accepts about thirty globals and no others.

    A file is clean only if the scanner ended with status 0, printed its summary, looked at one file at least and found
    nothing. Every other outcome is a refusal: another status, a crash, a signal, silence past `timeout` seconds, no
    memory, no program. "Clean" needs a second look: picklescan says so, too, of a stream that it cannot parse, be it an
    honest ONNX file or a compressed joblib, and of a pickle in front of an archive. The first counts as "not
    applicable" only if the first bytes are those of the format that the extension names, or the file is plain text; a
    file that begins with a pickle's PROTO opcode is never clean.

    `command` replaces the scanner itself; it is given the options and the path. It must print picklescan's summary.
    """

    def __init__(self, *, command: Sequence[str] = (), memory: int = MEMORY, timeout: float = TIMEOUT_SECONDS) -> None:
        limits = (str(memory), str(max(1, int(timeout))))
        self._command = (*command,) if command else (sys.executable, "-I", "-c", _LAUNCH, *limits)
        self._timeout = timeout

    def scan(self, *, path: str, blob: Path) -> ScanResult:
        """Judge one file; `path` gives the extension by which picklescan chooses its reader."""
        try:
            with TemporaryDirectory(prefix="scan-") as folder:
                link = Path(folder, "model" + re.sub(r"[^.a-z0-9]", "", extension(path)))
                link.symlink_to(blob.resolve(strict=True))
                command = [*self._command, "--strict", "--path", str(link)]
                # One thread, or numpy's linear algebra reserves more address space than the limit allows.
                finished = run(command, timeout=self._timeout, env={"OPENBLAS_NUM_THREADS": "1"})
                code = _judge(finished.status, finished.output)
                code = code or _second_look(path, link, finished.output)
        except FileNotFoundError:
            return ScanResult(clean=False, code="scan.missing", scanner=SCANNER)
        except OSError:
            return ScanResult(clean=False, code="scan.failed", scanner=SCANNER)
        names = {shown(name) for name in _FOUND.findall(finished.output)}
        return ScanResult(clean=not code, code=code, detail=", ".join(sorted(names)[:_MAX_NAMED]), scanner=SCANNER)


def _judge(status: int | None, output: bytes) -> str:
    """The message id of a refusal, "" if the scanner looked at something and found nothing."""
    if status is None or status == -signal.SIGXCPU:
        return "scan.timeout"
    if status not in (0, _DANGEROUS_STATUS):
        return "scan.failed"
    summary = _SUMMARY.search(output)
    if summary is None:
        return "scan.failed"
    scanned, infected, suspicious, dangerous = map(int, summary.groups())
    if status or infected or suspicious or dangerous:
        return "scan.dangerous"
    return "" if scanned else "scan.nothing"


def _second_look(path: str, file: Path, output: bytes) -> str:
    """The message id that refuses a file although picklescan calls it clean, "" if its verdict stands."""
    with file.open("rb") as stream:
        source = Source(stream, file.stat().st_size)
        fitting = [candidate for candidate in EXTENSIONS.get(extension(path), ()) if looks_like(candidate, source)]
        # A safetensors file begins with a length, which may happen to be the bytes of that opcode.
        if starts_with_proto(source.peek(0, 2)) and ModelFormat.SAFETENSORS not in fitting:
            return "scan.dangerous"
        if not _UNPARSED.search(output):
            return ""
        text = is_side_name(path) and _is_text(source)
        return "" if text or (fitting and source.peek(0, 2) != b"PK") else "scan.unreadable"


def _is_text(source: Source) -> bool:
    if source.size > MAX_SIDE_JSON_SIZE:
        return False
    data = source.read_all(MAX_SIDE_JSON_SIZE)
    try:
        return "\0" not in data.decode("utf-8-sig") and not is_pickle(data)
    except UnicodeDecodeError:
        return False
