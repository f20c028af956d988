"""Uploading over loopback against copying the same file on the same disk, sync included, in one run.

    python -m bench.upload [--mebibytes 1024] [--runs 5] [--folder DIR]

The file is in the page cache for both. Ratios are taken within a run and the median of the runs is reported. The
upload's time ends with the answer to its last byte: synced, hashed, in the content store and a file of its draft.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench._report import Row, print_report
from bench.packaging import pieces
from tests.registry.uploads.live import LiveServer, Person, forget_peak_memory, peak_memory, prepare

MAX_RATIO = 1.5
MAX_GROWTH = 64 << 20
BROWSER_CHUNK = 16 << 20
_MIB = 1 << 20


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def copy_synced(source: Path, target: Path) -> None:
    subprocess.run(["cp", str(source), str(target)], check=True, timeout=600)
    descriptor = os.open(target, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def upload(server: LiveServer, person: Person, source: Path, *, chunk: int) -> None:
    size = source.stat().st_size
    url = server.create(person, "model.onnx", size)
    with source.open("rb") as file:
        for offset in range(0, size, chunk):
            length = min(chunk, size - offset)
            with server.open_chunk(url, person, offset, length) as connection:
                connection.sendfile(file, offset, length)
                status = connection.recv(4096).split(b" ", 2)[1]
            if status != b"204":
                raise SystemExit(f"the server answered {status.decode()} at {offset}")


def forget(server: LiveServer) -> None:
    """Free the disk between the runs."""
    shutil.rmtree(server.data_dir / "blobs" / "sha256")
    (server.data_dir / "blobs" / "sha256").mkdir()
    os.sync()


def measure(folder: Path, *, mebibytes: int, runs: int) -> list[Row]:
    source = folder / "source"
    with source.open("wb") as out:
        out.writelines(pieces(mebibytes))
    os.sync()
    data_dir = folder / "data"
    ada = prepare(data_dir, "ada")["ada"]
    target = folder / "copy"
    copies, wholes, chunked = [], [], []
    with LiveServer(data_dir) as server:
        upload(server, ada, source, chunk=BROWSER_CHUNK)  # warms the server and the page cache
        forget(server)
        before = forget_peak_memory(server.worker())
        for _ in range(runs):
            copies.append(seconds(lambda: copy_synced(source, target)))
            target.unlink()
            wholes.append(seconds(lambda: upload(server, ada, source, chunk=source.stat().st_size)))
            forget(server)
            chunked.append(seconds(lambda: upload(server, ada, source, chunk=BROWSER_CHUNK)))
            forget(server)
        growth = peak_memory(server.worker()) - before
    whole = median(mine / copy for mine, copy in zip(wholes, copies, strict=True))
    pieced = median(mine / copy for mine, copy in zip(chunked, copies, strict=True))
    speed = mebibytes / median(wholes)
    return [
        Row(name="copy with sync", figure=f"{median(copies):.2f} s"),
        Row(name="upload in one request", figure=f"{median(wholes):.2f} s, {speed:.0f} MiB/s"),
        Row(name="that against the copy", figure=f"{whole:.2f} x", target=f"<= {MAX_RATIO} x", met=whole <= MAX_RATIO),
        Row(name="upload in 16 MiB requests", figure=f"{median(chunked):.2f} s"),
        Row(name="that against the copy", figure=f"{pieced:.2f} x"),
        Row(
            name="growth of the server's memory",
            figure=f"{growth / _MIB:.0f} MiB",
            target=f"< {MAX_GROWTH // _MIB} MiB",
            met=growth < MAX_GROWTH,
        ),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mebibytes", type=int, default=1024)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=None, help="on the disk to measure; default: the system's")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        rows = measure(Path(folder), mebibytes=options.mebibytes, runs=options.runs)
    return print_report(f"Upload of {options.mebibytes} MiB", rows)


if __name__ == "__main__":
    sys.exit(main())
