"""How a conversion can end without a result, and what is said of it."""

from signal import SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV

from server.catalog import Problem
from server.ingest.plan import Killed, NoSpace, Outcome, Refused, Stopped
from server.ingest.reception import Reception

SHUTDOWN = Stopped("shutdown")
CANCELLED = Stopped("cancelled")
LOST = Stopped("lost")
"""Somebody else holds the job now: whatever we have is not to be used."""
BROKEN = frozenset({SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT})
"""How a decoder in native code ends itself."""
RETRYABLE = frozenset({"text-search-failed", "pseudonyms-unavailable"})
"""Refusals that are not the file's fault: it waits in quarantine to be started again."""
BROKE = "The library that reads this format broke on this file; the file is most likely damaged."
ENDED = "Converting this file was ended by the system, most likely for want of memory."
TOO_LONG = {
    "time": "Converting this file took longer than is allowed.",
    "stall": "Converting this file came to a standstill.",
}
UNKNOWN_PROFILE = Refused(
    "unknown-profile", "The policy has no profile of the name that was asked for; scrub it with another one."
)


def problem_of(intake: Reception, outcome: Outcome) -> Problem:
    """The problem of an asset that was not converted."""
    reference = intake.reference()
    match outcome:
        case Refused(kind, detail):
            return Problem(kind, detail, reference)
        case NoSpace():
            return Problem(
                "out-of-space",
                "The server's disk has too little room to convert this; free some space and start it again.",
                reference,
            )
        case Stopped("cancelled"):
            return intake.cancelled()
        case Stopped("time" | "stall" as reason):
            return Problem("took-too-long", TOO_LONG[reason], reference)
        case Killed(signal) if signal != 0:
            return Problem("conversion-ended", BROKE if signal in BROKEN else ENDED, reference)
        case _:
            return Problem(
                "conversion-failed", "Converting this file failed for a reason we do not know.", reference
            )
