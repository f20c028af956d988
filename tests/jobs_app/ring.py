"""Rings jobs by their ids, or sends what no worker can read: `python -m tests.jobs_app.ring BROKER ID... garbage`.

A process of its own, as a doorbell that a test process rings would be configured for the whole run.
"""

from __future__ import annotations

import sys

from celery import Celery

if __name__ == "__main__":
    with Celery("bell", broker=sys.argv[1]) as bell:
        for word in sys.argv[2:]:
            if word.isdecimal():
                bell.send_task("registry.run_job", args=(int(word),))
                continue
            with bell.connection_for_write() as connection, connection.SimpleQueue("celery") as box:
                box.producer.publish(b"\xff garbage", routing_key="celery", content_type="application/json")
