"""Several things at the same moment, each on a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from django.db import connection

T = TypeVar("T")
PATIENCE = 60.0


def at_once(*actions: Callable[[], T]) -> list[T | Exception]:
    """What each action returned or raised, in the order given."""
    outcomes: list[T | Exception] = [TimeoutError("did not end")] * len(actions)
    together = threading.Barrier(len(actions))

    def run(number: int, action: Callable[[], T]) -> None:
        try:
            connection.ensure_connection()  # not part of what shall coincide
            together.wait(PATIENCE)
            outcomes[number] = action()
        except Exception as error:  # noqa: BLE001  # an outcome like any other
            outcomes[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return outcomes
