"""The doorbell of several machines: Celery's transport over Redis, for workers that outlive it.

When Redis goes away, Celery closes the broken connection twice. The second time kombu 5.7 gives the messages back that
the worker held unbegun, over a client that is gone by then, and the AttributeError of it ends the worker.
"""

from __future__ import annotations

from typing import Any

from kombu.transport import redis


class QoS(redis.QoS):
    """Gives unbegun messages back where it can; the sweep rings again for those that it cannot."""

    def restore_unacked(self, client: Any = None) -> None:
        """Put what was fetched and not acknowledged back into its queue, unless the connection is taken down."""
        if self.channel.connection.client is not None:
            super().restore_unacked(client)
        elif self._delivered:
            self._delivered.clear()


class Channel(redis.Channel):
    """A channel whose unbegun messages may be lost with Redis."""

    QoS = QoS


class Transport(redis.Transport):
    """`redis://` and `rediss://` as Celery knows them, but for the channel."""

    Channel = Channel
