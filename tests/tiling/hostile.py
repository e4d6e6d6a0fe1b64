"""Give bytes to a converting process, and judge how it ended: refused in a sentence, or truly right."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import IO, Any

import msgspec
import tifffile

from server.deid import Quarantine
from server.ingest.plan import Converted, Failed, NoSpace, Plan, Refused
from tiling.canonical.layout import MACRO_FILE, SLIDE_FILE
from tiling.scrub.rules import ScrubRules as SlideRules
from video.scrub.rules import ScrubRules as VideoRules

MEMORY_BYTES = 3 << 30
_SENTENCE = re.compile(r"[A-Z0-9].{10,200}\.", re.DOTALL)
_OUTPUT = {"slide.tif", "served.bin", "served.json"}


@dataclass(frozen=True, slots=True)
class Result:
    outcome: Converted | Refused | Failed | NoSpace | None
    signal: int
    is_late: bool
    seconds: float
    peak_bytes: int
    folder: Path

    def complaint(self) -> str:
        """What is wrong with this ending whatever the file was; empty if nothing is."""
        if self.is_late:
            return "ran into the time limit"
        left = {path.name for path in self.folder.iterdir()}
        match self.outcome:
            case Converted():
                said = "" if left - {MACRO_FILE} == _OUTPUT else "converted, and left something else behind"
            case Refused(kind, detail):
                is_plain = kind != "conversion-failed" and _SENTENCE.fullmatch(detail)
                said = "" if is_plain else f"refused as {kind} with “{detail}”"
                said += " and left something behind" if left else ""
            case Failed(error, place):
                said = f"unexpected {error} at {place}"
            case NoSpace():
                said = "said that the disk is full"
            case None:
                said = f"the process ended without a word, by signal {self.signal}"
        return said

    def tiles(self) -> list[bytes]:
        return level_0_tiles(self.folder / SLIDE_FILE)


class Bench:
    """Runs bytes through a worker process, one after another."""

    def __init__(self, folder: Path, process: "subprocess.Popen[bytes]") -> None:
        self._folder = folder
        self._process = process
        self._quarantine = Quarantine.open(folder / "quarantine", folder / "master.key", os.urandom)
        self._number = 0

    def convert(self, data: bytes, limit_s: float = 60.0) -> Result:
        self._number += 1
        key = f"case{self._number}"
        with self._quarantine.create(key, len(data), {}) as writer:
            writer.write(data)
            writer.finish()
        output = self._folder / key
        scratch = self._folder / f"{key}-scratch"
        review = self._folder / f"{key}-review"
        for made in (output, scratch, review):
            made.mkdir()
        sealed = self._quarantine.describe(key)[0]
        plan = Plan(
            sealed_path=str(self._quarantine.path(key).resolve()),
            sealed_name=sealed.name,
            plain_bytes=sealed.plain_bytes,
            data_key=sealed.data_key,
            output_dir=str(output.resolve()),
            scratch_dir=str(scratch.resolve()),
            forbidden=(),
            workers=2,
            memory_bytes=MEMORY_BYTES,
            scratch_bytes=1 << 30,
            reserve_bytes=0,
            file_bytes=4 << 30,
            cpu_s=int(limit_s),
            largest_ratio=1.45,
            video_gop=1,
            parent_pid=0,
            slide_rules=SlideRules(),
            video_rules=VideoRules(),
            added=(),
            removed=(),
            pseudonym_key=bytes(32),
            review_path=str((review / "pictures").resolve()),
        )
        ending = self._ask({"plan": plan, "limit_s": limit_s})
        self._quarantine.path(key).unlink()
        left = [path.name for path in scratch.iterdir()]
        assert not left, "something was left in the scratch folder"
        scratch.rmdir()
        shutil.rmtree(review)
        message = ending["message"]
        outcome = (
            msgspec.json.decode(message, type=Converted | Refused | NoSpace | Failed) if message else None
        )
        facts = (ending[name] for name in ("signal", "is_late", "seconds", "peak_bytes"))
        return Result(outcome, *facts, folder=output)

    def complaints(self, cases: Iterable[tuple[str, bytes]], truth: list[bytes] | None = None) -> list[str]:
        """Convert all of these; what is wrong with any. truth: level 0's tiles, where they must be right."""
        found = []
        for name, data in cases:
            result = self.convert(data)
            said = result.complaint() or ("" if truth is None else falsehood(result, truth))
            if said:
                found.append(f"{name}: {said}")
            shutil.rmtree(result.folder)
        return found

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        to, back = self._process.stdin, self._process.stdout
        assert to is not None and back is not None
        to.write(msgspec.json.encode(order) + b"\n")
        to.flush()
        return dict(msgspec.json.decode(_line(back)))


def _line(pipe: IO[bytes]) -> bytes:
    line = pipe.readline()
    assert line, "the process that forks the workers is gone"
    return line


def mutations(data: bytes, random: Random, count: int) -> Iterator[bytes]:
    """The file with bytes flipped, overwritten, moved or taken out, mostly where its structure lies."""
    for _ in range(count):
        spoiled = bytearray(data)
        for _ in range(random.choice((1, 1, 2, 5, 20))):
            _spoil(spoiled, random)
        yield bytes(spoiled)


def _spoil(data: bytearray, random: Random) -> None:
    size = len(data)
    first, last, anywhere = random.randrange(min(size, 4096)), size - 1, random.randrange(size)
    at = random.choice((first, last - random.randrange(min(size, 8192)), anywhere))
    match random.randrange(5):
        case 0:
            data[at] ^= 1 << random.randrange(8)
        case 1:
            width = random.choice((1, 2, 4, 8))
            values = (0, 1, (1 << 8 * width) - 1, 1 << 8 * width - 1, random.getrandbits(8 * width), size)
            data[at : at + width] = (random.choice(values) % (1 << 8 * width)).to_bytes(width, "little")
        case 2:
            width = random.choice((1, 4, 12, 20, 256, 4096))
            data[at : at + width] = data[anywhere : anywhere + width]
        case 3:
            del data[at : at + random.choice((1, 4, 12, 100, 5000))]
        case _:
            data[at : at + 16] = random.choice((b"\0", b"\xff", b"\x7f")) * 16
    if not data:
        data += b"\0"


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    process = subprocess.Popen(  # noqa: S603 - our own Python
        [sys.executable, str(Path(__file__).with_name("zygote.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1"},
    )
    try:
        yield Bench(folder, process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=120)


def level_0_tiles(path: Path) -> list[bytes]:
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        data = path.read_bytes()
        spans = zip(page.dataoffsets, page.databytecounts, strict=True)
        return [data[offset : offset + length] for offset, length in spans]


def falsehood(result: Result, truth: list[bytes]) -> str:
    """What a converted file claims that is not so; empty if every tile is right or counted as damaged."""
    if not isinstance(result.outcome, Converted):
        return ""
    tiles = result.tiles()
    if len(tiles) != len(truth):
        return f"shows another image: {len(tiles)} tiles, not {len(truth)}"
    wrong = sum(one != other for one, other in zip(tiles, truth, strict=True))
    stated = result.outcome.report["proof"]["tiles"]["damaged"]
    return "" if wrong <= stated else f"{wrong} of {len(truth)} tiles are wrong, {stated} stated as damaged"
