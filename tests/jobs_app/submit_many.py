"""Makes jobs due, each in a transaction that rings after its commit, and says so: until somebody kills it."""

from __future__ import annotations

import itertools
import sys

import django

if __name__ == "__main__":
    django.setup()

    from django.db import transaction

    from registry.jobs.queue import ensure_job
    from registry.tasks import ring

    for number in itertools.count():
        with transaction.atomic():
            ring((ensure_job(kind="quick", subject_id=number, key=f"{sys.argv[1]}:{number}"),))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
