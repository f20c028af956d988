"""gunicorn's threaded worker, which closes its door as soon as it is told to go."""

from __future__ import annotations

from typing import Any

from gunicorn.workers.gthread import ThreadWorker


class ClosingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """Answers what it has, as the original does, but keeps nobody waiting at a door behind which nobody is.

    The original leaves its listening socket open until its last request has ended, so that the kernel goes on taking
    connections that are reset in the end. A closed one is refused at once, and a proxy goes to another server.
    """

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001  # gunicorn's own signature
        """As the original; at the end whoever stands at the door already is let in before it closes."""
        super().set_accept_enabled(enabled)
        if enabled or self.alive:
            return
        for listener in self.sockets:
            known = None
            while known != self.nr_conns:
                known = self.nr_conns
                self.accept(listener)
            listener.close()
        self.sockets: list[Any] = []
