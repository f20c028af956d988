"""Sets the scene in a live portal, as `python -m tests.browser.stage accounts` or `… live NAME…` in its environment."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import django

MODELS = Path(__file__).parents[1] / "data" / "models"
MODEL = MODELS / "iris-xgboost.json"
PASSWORD = "correct-horse-battery"
OWNER = "research"
CARD = "---\nlicense: MIT\n---\n\n# Iris\n" + "".join(
    f"\n## {title}\n\nThis is said in a sentence that a reviewer can use.\n"
    for title in ("Intended use", "Training data", "Evaluation", "Limitations", "Bias and risks")
)
# What XGBoost itself answers for the first row of the data that the model was trained on.
REQUEST = {"inputs": [{"name": "input-0", "shape": [1, 4], "datatype": "FP32", "data": [5.1, 3.5, 1.4, 0.2]}]}
PROBABILITIES = [0.7022793, 0.1498897, 0.1478311]
EXPECTED = {"outputs": [{"name": "predict", "shape": [1, 3], "datatype": "FP32", "data": PROBABILITIES}]}
EXAMPLES = [{"title": "A setosa", "request": REQUEST, "expected": EXPECTED, "tolerance": 1e-4}]


def main(words: Sequence[str]) -> None:
    django.setup()
    from registry import demo

    if words[0] == "accounts":
        demo.ensure_demo_accounts(password=PASSWORD)
        return
    from registry.seeding.loader import SeedExample, SeedFile, SeedModel

    content = MODEL.read_bytes()
    seeds = [
        SeedModel(
            owner=OWNER,
            owner_kind="team",
            name=name,
            title="Iris",
            summary="Tells iris species apart by the sizes of their petals.",
            task="tabular-classification",
            licence="MIT",
            model_format="xgboost-json",
            cpu_millis=500,
            memory_bytes=512 * 1024**2,
            card=CARD,
            files=(
                SeedFile(path=MODEL.name, source=MODEL, size=len(content), sha256=hashlib.sha256(content).hexdigest()),
            ),
            examples=(SeedExample(title="A setosa", request=REQUEST, expected=EXPECTED, tolerance=1e-4),),
        )
        for name in words[1:]
    ]
    outcomes: list[str] = []
    demo.bring_in(seeds, say=outcomes.append)
    sys.stdout.write(json.dumps(outcomes) + "\n")
    if outcomes != [f"{OWNER}/{name}: live" for name in words[1:]]:
        raise SystemExit("not every model went live")


if __name__ == "__main__":
    main(sys.argv[1:])
