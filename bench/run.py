"""All benchmarks, one after the other: `make bench`, or some by name: `make bench ARGS="packaging upload"`."""

from __future__ import annotations

import subprocess
import sys

BENCHMARKS = ("packaging", "upload", "push", "approval", "kserve", "catalogue", "load", "lighthouse")


def main(names: list[str]) -> int:
    """Run the named benchmarks, all by default; returns 1 if any target was missed."""
    unknown = sorted(set(names) - set(BENCHMARKS))
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
        return 2
    failed = False
    for name in names or BENCHMARKS:
        # A process each, so that none inherits another's memory or caches.
        failed |= subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
