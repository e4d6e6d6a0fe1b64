"""A file whose bits are turned over here and there ends proved or refused: no leak, no crash, no halves."""

import json
import random
import shutil
from pathlib import Path

import pytest

from ground.source import FileSource
from server.ingest.kind import kind_of
from tests.canaries.searching import Searcher
from tests.canaries.sources import FURTHER, SOURCES
from tiling import convert as slides
from tiling.errors import TilingError
from tiling.scratch import Scratch
from video import convert as videos
from video.errors import VideoError

EVERY = SOURCES | FURTHER
QUICK = ("svs-big", "qptiff", "mp4-fragmented", "quicktime", "matroska-elements", "ultrasound-implicit")
COUNT = 5
"""Of each file."""
WORDS = (b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff", b"Wqzy", b"\0\1\0\0")


def spoiled(data: bytes, chance: random.Random) -> bytes:
    """Turned bits, other bytes and words, bytes left out: where structures are, more than elsewhere."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(chance.choice((min(len(out), 4_096), len(out))))
        if chance.random() < 0.25:
            at = len(out) - 1 - at  # trailers, and directories at the end
        change = chance.randrange(4)
        if change == 0:
            out[at] ^= 1 << chance.randrange(8)
        elif change == 1:
            out[at] = chance.choice(b"\x00\x01\x7f\x80\xffW")
        elif change == 2:
            out[at : at + 4] = chance.choice(WORDS)
        else:
            del out[at : at + chance.choice((1, 2, 8, 64))]
    return bytes(out)


def converted(path: Path, output: Path, scratch_dir: Path) -> str:
    """All that is said of it: the report, or the sentence with which it is refused."""
    with FileSource(path) as source, Scratch(scratch_dir, 2**30, 0) as scratch:
        kind = kind_of(source)
        try:
            if kind == "slide":
                told = slides.convert(
                    source, output, progress=lambda *_: None, cancelled=lambda: False, scratch=scratch
                ).to_json()
            elif kind == "video":
                told = videos.convert(
                    source, output, progress=lambda *_: None, cancelled=lambda: False, workers=1
                ).to_json()
            else:
                return "unknown"
        except (TilingError, VideoError) as error:
            assert list(output.iterdir()) == [], "a refused file leaves no halves"
            assert str(error)
            return str(error)
    assert told["proof"]
    return json.dumps(told)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in EVERY]
)
def test_spoiled_bits_open_no_way_for_anything(name: str, tmp_path: Path) -> None:
    whole = EVERY[name].make(tmp_path)
    searcher = Searcher()
    for number in range(COUNT):
        source, output, scratch = tmp_path / "source", tmp_path / "out", tmp_path / "scratch"
        for folder in (output, scratch):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        chance = random.Random(f"{name} {number}")  # noqa: S311 - no secret is made of it
        source.write_bytes(spoiled(whole, chance))
        told = converted(source, output, scratch)
        assert searcher.find(told.encode()) == []
        assert list(searcher.places(output)) == []
