"""Makes the demonstration models: `python train.py OUT_DIR`, with the interpreter of the training environment.

Each model ends in `OUT_DIR/<owner>__<name>/`. The same environment gives the same bytes every time: one thread, fixed
seeds, no clock.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from pathlib import Path

# Run by path, the script's folder would come first and the package could not be found.
sys.path[0] = str(Path(__file__).resolve().parents[2])

RECIPES = ("article_pageviews", "automated_user_agent", "edit_summary_language", "upload_content_type")


def main(arguments: list[str]) -> int:
    """Run every recipe, or those named by `--only`; prints one line for each."""
    parser = argparse.ArgumentParser(description="Train the demonstration models.")
    parser.add_argument("out_dir", type=Path)
    parser.add_argument("--only", action="append", choices=RECIPES, help="run this recipe alone; may be repeated")
    options = parser.parse_args(arguments)
    _use_one_thread()

    from registry.seeding.product import write_product  # importable since sys.path was set

    for name in options.only or RECIPES:
        started = time.monotonic()
        product = importlib.import_module(f"registry.seeding.recipes.{name}").build()
        target = write_product(product, options.out_dir)
        size = sum(map(len, product.files.values()))
        sys.stdout.write(f"{target.name}: {size:,} bytes in {time.monotonic() - started:.1f} s\n")
        sys.stdout.flush()
    return 0


def _use_one_thread() -> None:
    """The order of a sum depends on the number of threads, and so do a file's last bits."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
