"""Wrong sign-ins under names that nobody has: they wait like the others, or a wait would tell who exists."""

import hashlib
from collections import OrderedDict
from datetime import datetime, timedelta

REMEMBERED = 10_000


class UnknownNames:
    """Counts failures by the digest of a name, in memory, for the newest ``REMEMBERED`` names."""

    def __init__(self, attempts: int, wait_s: int) -> None:
        self._attempts = attempts
        self._wait_s = wait_s
        self._failures: OrderedDict[bytes, tuple[int, datetime | None]] = OrderedDict()

    def wait_until(self, name: str) -> datetime | None:
        """When this name may be tried again, None if now."""
        return self._failures.get(_key(name), (0, None))[1]

    def note_failure(self, name: str, now: datetime) -> None:
        """Count one more."""
        key = _key(name)
        count = self._failures.pop(key, (0, None))[0] + 1
        wait = now + timedelta(seconds=self._wait_s) if count >= self._attempts else None
        self._failures[key] = (count, wait)
        if len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)


def _key(name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
