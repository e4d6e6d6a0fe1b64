"""Whose picture it is, for as long as it takes to find the pseudonym."""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Subject:
    """A patient as the source names one. It never leaves the process that reads the source.

    identity : what tells this patient from others: the patient's number together with who issued it.
    acquired_on : the day of the examination.
    """

    identity: bytes = field(repr=False)
    acquired_on: date | None = field(default=None, repr=False)
