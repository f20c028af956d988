"""Entry point: ``python -I start.py --fd 3 --model-name N --version V --models-dir DIR --adapter FILE``."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Isolated mode leaves the script's folder off the path; appending keeps it from hiding any installed package.
    sys.path.append(str(Path(__file__).resolve().parent.parent))
    from server.launch import main  # type: ignore[import-not-found]  # the package's name inside the environment

    sys.exit(main(sys.argv[1:]))
