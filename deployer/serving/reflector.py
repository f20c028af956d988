"""Keeps a kind of object in memory as the cluster has it: list once, then watch, and list again when that breaks."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus

from .cluster_api import ApiError, Change, ClusterApi, Kind, Object

logger = logging.getLogger(__name__)
WATCH_SECONDS = 240
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
LASTED = 5.0
LONGEST_LAG = 60.0
Reduce = Callable[[Object], Object]


class Reflector:
    """One kind's objects by name, kept up to date by a thread of its own.

    `reduce` leaves of each object what is worth memory. Several threads may read; what they get is never changed.
    """

    def __init__(self, api: ClusterApi, kind: Kind, *, labels: str, reduce: Reduce) -> None:
        self._api = api
        self._kind = kind
        self._labels = labels
        self._reduce = reduce
        self._objects: dict[str, Object] = {}
        self._noted: dict[str, float] = {}  # name: until when it counts against older news, on the monotonic clock
        self._ended: dict[str, float] = {}  # uid: until when it is not believed to be there
        self._version = ""
        self._lock = threading.Lock()
        self._listed = threading.Event()
        self._tried = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._heard_at = 0.0
        self.failure: ApiError | None = None

    def start(self) -> None:
        """Begin; a second call changes nothing."""
        with self._lock:
            if self._thread is None:
                name = f"watch-{self._kind.plural}"
                self._thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End soon; the thread is not waited for, since it may sit in a long read."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Whether everything has been seen once. Waits until then, or until it is known that it fails."""
        self._tried.wait(seconds)
        return self._listed.is_set()

    @property
    def silence(self) -> float:
        """Seconds since the cluster was last heard of; 0 while a watch is open."""
        with self._lock:
            return 0.0 if self.failure is None and self._listed.is_set() else time.monotonic() - self._heard_at

    def all(self) -> dict[str, Object]:
        """Every object by name."""
        with self._lock:
            return dict(self._objects)

    def get(self, name: str) -> Object | None:
        """One object; None if there is none."""
        with self._lock:
            return self._objects.get(name)

    def note(self, found: Object) -> None:
        """Take in what a write just answered, so that its writer sees it before the watch tells.

        What the watch has told already is not believed again: meanwhile the object may be gone. What it tells from
        before the write changes nothing for `LONGEST_LAG` seconds; then it is right, whatever the versions say.
        """
        reduced, version = self._reduce(found), str(found["metadata"].get("resourceVersion", ""))
        with self._lock:
            if not _newer(self._version, version):
                name = found["metadata"]["name"]
                self._objects[name] = reduced
                self._noted = _with(self._noted, name)

    def forget(self, name: str, *, uid: str) -> None:
        """Take out what a delete just answered to be gone, unless another object of the name is there by now.

        For `LONGEST_LAG` seconds the watch is not believed that it is there: it tells what was before the end.
        """
        with self._lock:
            self._ended = _with(self._ended, uid)
            known = self._objects.get(name)
            if known is not None and known["metadata"].get("uid") == uid:
                del self._objects[name]

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self._follow()
                self.failure = None
            except ApiError as error:
                self._note_failure(error)
            except Exception as error:
                if self._stop.is_set():
                    return  # what it was reading from was taken away on purpose
                # Whatever an answer made the code stumble over, a thread that ended would freeze the picture for good,
                # and so would a picture that counts as fresh.
                logger.exception("watching %s failed", self._kind.plural)
                self._note_failure(ApiError(0, reason="Unreadable", message=repr(error)))
                self._version = ""
            if time.monotonic() - began > LASTED:
                pause = FIRST_PAUSE
                if self.failure is None:
                    continue
            after = self.failure.retry_after if self.failure is not None else None
            self._stop.wait(min(LONGEST_PAUSE, after if after is not None else pause * random.uniform(0.5, 1)))  # noqa: S311  # spreads repetitions, keeps no secret
            pause = min(LONGEST_PAUSE, pause * 2)

    def _follow(self) -> None:
        """One list, if where to go on is not known, and one watch."""
        if not self._version:
            listing = self._api.list(self._kind, labels=self._labels)
            self._replace(listing.items, listing.resource_version)
            self._heard()
            self._listed.set()
            self._tried.set()
        changes = self._api.watch(
            self._kind, labels=self._labels, resource_version=self._version, seconds=WATCH_SECONDS
        )
        for change in changes:
            if self._stop.is_set():
                return
            self._heard()
            if change.type == "OPEN":
                continue
            self._take(change)
        self._heard()

    def _note_failure(self, error: ApiError) -> None:
        if error.status == HTTPStatus.GONE or self._stop.is_set():
            self._version = ""
            return
        if self.failure is None or self.failure.status != error.status:
            logger.warning("watching %s: %s; it is tried again", self._kind.plural, error)
        if self.failure is None and self._listed.is_set():
            self._heard()  # until now a watch was open, however little it had to tell
        self.failure = error
        self._tried.set()
        if error.status:
            self._version = ""  # a server that refuses may be another one than before

    def _heard(self) -> None:
        with self._lock:
            self._heard_at = time.monotonic()
        self.failure = None

    def _replace(self, items: Iterable[Object], version: str) -> None:
        """Everything as it was at this version; what a writer noted or saw end since then stays so."""
        listed = {item["metadata"]["name"]: self._reduce(item) for item in items}
        with self._lock:
            ahead = {name: found for name, found in self._objects.items() if self._is_ahead(name, version)}
            self._objects = {name: found for name, found in listed.items() if not self._has_ended(found)} | ahead
            self._version = version

    def _take(self, change: Change) -> None:
        """One change, and with it the version up to which everything has been told."""
        reduced = self._reduce(change.object) if change.type in {"ADDED", "MODIFIED"} else None
        meta = change.object["metadata"]
        name, version = str(meta.get("name", "")), str(meta["resourceVersion"])
        with self._lock:
            self._version = version
            if self._is_ahead(name, version):
                return
            if reduced is not None and not self._has_ended(reduced):
                self._objects[name] = reduced
            elif change.type == "DELETED":
                self._objects.pop(name, None)

    def _is_ahead(self, name: str, version: str) -> bool:
        """Whether a writer noted a later version of this object just now."""
        if name not in self._objects or not _counts(self._noted, name):
            return False
        own = str(self._objects[name]["metadata"].get("resourceVersion", ""))
        return own != version and _newer(own, version)

    def _has_ended(self, found: Object) -> bool:
        return _counts(self._ended, str(found["metadata"].get("uid", "")))


def _counts(until: Mapping[str, float], key: str) -> bool:
    """Whether what was remembered about the key is not too old."""
    return until.get(key, 0.0) > time.monotonic()


def _with(until: Mapping[str, float], key: str) -> dict[str, float]:
    """The key remembered from now on, and what is too old forgotten."""
    now = time.monotonic()
    return {each: end for each, end in until.items() if end > now} | {key: now + LONGEST_LAG}


def _newer(first: str, second: str) -> bool:
    """Whether the first version is the second or a later one; they are numbers wherever Kubernetes keeps its data."""
    return first.isdecimal() and second.isdecimal() and int(first) >= int(second)
