"""Hostile clips, each opened and decoded by a process of its own, in bounded memory and time.

``python hostile.py`` is that process: it has everything imported, takes a path and a limit a line, forks, and
says in a JSON line how the child ended.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
MEMORY_BYTES = 1 << 30
LIMIT_S = 60.0
_SENTENCE = re.compile(r"[a-zA-Z0-9][^\n]{8,300}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """kind: "frames", or the name of the refusal; empty where the process ended without a word."""

    kind: str
    message: str
    digests: tuple[str, ...]
    codes: tuple[int | None, ...]
    losses: tuple[str, ...]
    signal: int
    is_late: bool
    seconds: float
    peak_bytes: int

    def complaint(self) -> str:
        """What is wrong with such an end; empty if nothing is."""
        if self.is_late:
            return "it did not end"
        if self.signal:
            return f"it ended by signal {self.signal}"
        if self.kind == "frames":
            unsaid = [loss for loss in self.losses if not loss.endswith(".")]
            return f"no sentence: {unsaid[0]}" if unsaid else ""
        known = {"NotAVideoError", "UnsupportedVideoError", "CorruptVideoError", "VideoTooLargeError"}
        if self.kind not in known:
            return f"{self.kind}: {self.message}"
        return "" if _SENTENCE.fullmatch(self.message) else f"no sentence: {self.message}"


class Bench:
    """Where files are laid down, opened and forgotten."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "clip"
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )

    def look(self, data: bytes, *, frames_at_most: int = 1_000) -> Outcome:
        """Open the bytes, decode every frame."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._path.write_bytes(data)
        print(json.dumps([str(self._path), LIMIT_S, frames_at_most]), file=self._process.stdin, flush=True)
        said = json.loads(self._process.stdout.readline())
        return Outcome(**{name: tuple(v) if isinstance(v, list) else v for name, v in said.items()})

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)


@contextlib.contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    """A bench that is gone afterwards."""
    made = Bench(folder)
    try:
        yield made
    finally:
        made.close()


def mutations(data: bytes, random: Random, count: int) -> Iterator[bytes]:
    """Copies with flipped bits, stretches of zeros, doubled or missing pieces, numbers gone wild."""
    for number in range(count):
        spoiled = bytearray(data)
        for _ in range(random.choice((1, 3, 20))):
            at = random.randrange(len(spoiled))
            kind = number % 5
            if kind == 0:
                spoiled[at] ^= 1 << random.randrange(8)
            elif kind == 1:
                spoiled[at : at + 4] = random.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", bytes(4)))
            elif kind == 2:
                length = random.randrange(1, 400)
                spoiled[at : at + length] = bytes(min(length, len(spoiled) - at))
            elif kind == 3:
                del spoiled[at : at + random.randrange(1, 60)]
            else:
                piece = spoiled[at : at + random.randrange(1, 200)]
                spoiled[at:at] = piece
        yield bytes(spoiled)


def main() -> None:
    for line in sys.stdin:
        path, limit_s, frames_at_most = json.loads(line)
        sys.stdout.write(json.dumps(_run(Path(path), limit_s, frames_at_most)) + "\n")
        sys.stdout.flush()


def _run(path: Path, limit_s: float, frames_at_most: int) -> dict[str, object]:
    begins_s = time.monotonic()
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES * 2, MEMORY_BYTES * 2))
            os.write(theirs, json.dumps(_look(path, frames_at_most)).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    said, ends_s = b"", begins_s + limit_s
    is_late = True
    while (left_s := ends_s - time.monotonic()) > 0 and select.select([ours], [], [], left_s)[0]:
        data = os.read(ours, 1 << 16)
        if not data:
            is_late = False
            break
        said += data
    if is_late:
        os.kill(pid, signal.SIGKILL)
    os.close(ours)
    _, status, used = os.wait4(pid, 0)
    empty = {"kind": "", "message": "", "digests": [], "codes": [], "losses": []}
    return {
        **(json.loads(said) if said and not is_late else empty),
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
        "is_late": is_late,
        "seconds": time.monotonic() - begins_s,
        "peak_bytes": used.ru_maxrss << 10,
    }


def _look(path: Path, frames_at_most: int) -> dict[str, object]:
    from ground.source import FileSource  # noqa: PLC0415
    from tests.video.picture_code import UnreadableCodeError, read_code  # noqa: PLC0415 - needs the path
    from video.open_video import open_video  # noqa: PLC0415

    digests: list[str] = []
    codes: list[int | None] = []
    losses: tuple[str, ...] = ()
    kind, message = "frames", ""
    try:
        with FileSource(path) as source:
            video = open_video(source)
            for frame in video.frames():
                planes = hashlib.sha256(b"".join(plane.tobytes() for plane in frame.planes))
                digests.append(planes.hexdigest()[:16])
                try:
                    codes.append(read_code(frame.planes[0]))
                except UnreadableCodeError:
                    codes.append(None)
                if len(digests) >= frames_at_most:
                    break
            video.places()
            video.texts()
            losses = video.losses
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        kind, message = type(error).__name__, str(error)
    return {"kind": kind, "message": message, "digests": digests, "codes": codes, "losses": losses}


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    import tests.video.picture_code
    import video.open_video

    assert tests.video.picture_code and video.open_video
    main()
