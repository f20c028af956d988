"""Trains the demonstration models and takes them through the real pipeline."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from registry import demo
from registry.seeding.environment import train
from registry.seeding.loader import load_seed


class Command(BaseCommand):
    """Safe to repeat: what exists already is left alone."""

    help = "Train the four first models, submit them, and approve them as the demonstration's reviewer."

    def handle(self, *args: Any, **options: Any) -> None:
        """Train, then bring in."""
        del args, options
        out_dir = Path(settings.DATA_DIR) / "seed"
        done = out_dir / "complete"
        if not done.exists():
            shutil.rmtree(out_dir, ignore_errors=True)
            self.stdout.write("training the four first models (the first time installs the training environment)")
            train(environments_dir=Path(settings.DATA_DIR) / "environments", out_dir=out_dir)
            done.touch()
        demo.bring_in(load_seed(out_dir), say=self.stdout.write)
