"""Replace the master key while everything goes on.

A new key comes beside the old one; everything new is wrapped with it from then on; everything old is
rewrapped, a file at a time; the new key takes the old one's place. Both are on the disk until nothing needs
the old one: a process that dies anywhere leaves a quarantine in which everything opens, and the next rotation
ends this one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from server.deid import sealed_header
from server.deid.case_keys import CaseKeys
from server.deid.errors import CaseErasedError, QuarantineError, SealBrokenError, SealedMissingError
from server.deid.sealed_disk import locked


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did.

    case_count, file_count : keys of cases, and of sealed files of version 1, that were rewrapped.
    unreadable_count : those that no key opened before either; they stay as they were.
    was_resumed : whether it ended one that had been cut short.
    """

    case_count: int
    file_count: int
    unreadable_count: int
    was_resumed: bool


def rotate(root: Path, cases: CaseKeys, sealed_files: Callable[[], Iterator[Path]]) -> Rotation:
    """Replace the master key of a quarantine. Readers and writers may be at work, in any process.

    Raises :class:`QuarantineError` if somebody else is at it, or if the key's folder cannot be written; then
    the old key is as good as before.
    """
    master = cases.master
    try:
        cases.folder.mkdir(mode=0o700, exist_ok=True)
        with locked(cases.folder, exclusive=True, wait=False):
            with locked(root, exclusive=True):
                cases.sweep()
                was_resumed = master.begin_replacing()
            done = _Count()
            for rewrap in _steps(cases, sealed_files):
                with locked(root, exclusive=True):
                    done.note(rewrap)
            with locked(root, exclusive=True):
                # What was put here meanwhile by other hands (a backup) is rewrapped too, before the key goes.
                last = _Count()
                for rewrap in _steps(cases, sealed_files):
                    last.note(rewrap)
                master.replace()
    except BlockingIOError as error:
        raise QuarantineError("Somebody else is replacing the quarantine's master key.") from error
    except OSError as error:
        raise QuarantineError(f"The quarantine's keys cannot be written: {error.strerror}.") from error
    return Rotation(done.cases + last.cases, done.files + last.files, last.unreadable, was_resumed)


def _steps(
    cases: CaseKeys, sealed_files: Callable[[], Iterator[Path]]
) -> Iterator[tuple[str, Callable[[], bool]]]:
    for case_id in list(cases.ids()):
        yield "case", partial(cases.rewrap, case_id)
    for path in list(sealed_files()):
        yield "file", partial(sealed_header.rewrap, path, cases)


class _Count:
    """How many of which kind were rewrapped."""

    def __init__(self) -> None:
        self.cases = self.files = self.unreadable = 0

    def note(self, step: tuple[str, Callable[[], bool]]) -> None:
        kind, rewrap = step
        try:
            is_done = rewrap()
        except (CaseErasedError, SealedMissingError):
            return  # destroyed since it was listed
        except SealBrokenError:
            self.unreadable += 1
            return
        self.cases += is_done and kind == "case"
        self.files += is_done and kind == "file"
