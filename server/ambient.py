"""Time and chance, handed in: the two things that services may not take from the air."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Ambient:
    """The clock and the source of randomness that a service works with; tests hand in their own."""

    now: Callable[[], datetime]
    random_bytes: Callable[[int], bytes]

    def new_id(self) -> str:
        """An opaque identifier of 16 hexadecimal characters (64 random bits)."""
        return self.random_bytes(8).hex()

    def stamp(self) -> str:
        """The present moment as :func:`rfc3339`."""
        return rfc3339(self.now())


def rfc3339(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def real_ambient() -> Ambient:
    """The machine's clock and the kernel's random numbers."""
    return Ambient(now=lambda: datetime.now(UTC), random_bytes=os.urandom)
