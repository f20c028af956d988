"""Runs one job in this process: `python -m tests.jobs_app.run_one JOB_ID`."""

from __future__ import annotations

import sys

import django

if __name__ == "__main__":
    django.setup()

    from registry.jobs.runner import run_job

    run_job(job_id=int(sys.argv[1]))
