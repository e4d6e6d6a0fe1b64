#!/usr/bin/env python3
"""The scrub of a slide: how fast it is carried over and proved, and what looking at its pictures adds.

    scripts/bench_scrub_slides.py SLIDE [--rounds 3] [--json] [--check]

SLIDE is an Aperio SVS. Measured in one process, from the page cache, on at most two processors:

    carry    read level 0's tiles, write them, compare each with what a second reader finds in the source,
             search every byte for the source's own strings, take the checksum. No reduced level is made: the
             bytes of level 0 by the processor's seconds, and by the seconds on the wall
    search   how much of that is the search with the checksum, and for how many patterns
    pictures a whole conversion with the rules that a new installation has (macro, writing) against one
             without any, in turn: how many processor seconds more, the detector's start included, and how
             many on the wall

With ``--check`` the exit code is 1 unless 300 MB/s are carried and the pictures add at most 20 %. The wall's
seconds say little while the machine does other things.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LEAST_BYTES_PER_S = 300e6
MOST_ADDED = 0.20
PROCESSORS = 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench_scrub_slides.py", description=__doc__.split("\n")[0])
    parser.add_argument("slide", type=Path, help="an Aperio SVS")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one JSON document instead of the table")
    parser.add_argument("--check", action="store_true", help="exit 1 if a bar is not reached")
    parser.add_argument("--only-carry", action="store_true", help="do not convert as a whole")
    arguments = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    as_a_worker()
    if len(os.sched_getaffinity(0)) > PROCESSORS:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:PROCESSORS])
    found = carry(arguments.slide, arguments.rounds)
    if not arguments.only_carry:
        found |= pictures(arguments.slide, arguments.rounds)
    bars = {"carry": found["carry_bytes_per_s"] >= LEAST_BYTES_PER_S}
    if "pictures_add" in found:
        bars["pictures"] = found["pictures_add"] <= MOST_ADDED
    if arguments.json:
        print(json.dumps(found | {"bars": bars}, indent=1))
    else:
        for name, value in found.items():
            print(f"{name:<28}{value:,.3f}" if isinstance(value, float) else f"{name:<28}{value:,}")
        print("reached: " + ", ".join(f"{name} {'yes' if good else 'NO'}" for name, good in bars.items()))
    return 1 if arguments.check and not all(bars.values()) else 0


def as_a_worker() -> None:
    """Threads take turns as they do in the process that converts."""
    import cv2

    from server.ingest.worker import SWITCH_INTERVAL_S

    cv2.setNumThreads(1)
    sys.setswitchinterval(SWITCH_INTERVAL_S)


def carry(path: Path, rounds: int) -> dict[str, Any]:
    """Level 0 alone, from the source to the proof. The best round on the wall, the median of the rest."""
    path.read_bytes()  # into the page cache
    found = [carry_once(path) for _ in range(rounds)]
    best = dict(found[0])
    for name in ("copy_cpu_s", "compare_cpu_s", "search_cpu_s", "carry_cpu_s"):
        best[name] = statistics.median(one[name] for one in found)
    best["carry_wall_s"] = min(one["carry_wall_s"] for one in found)
    best["carry_bytes_per_cpu_s"] = best["l0_bytes"] / best["carry_cpu_s"]
    best["carry_bytes_per_s"] = best["l0_bytes"] / best["carry_wall_s"]
    return best


def carry_once(path: Path) -> dict[str, Any]:
    from ground.removed import needles, removed_values
    from ground.search import MultiSearch
    from ground.source import FileSource
    from tiling.canonical.layout import SLIDE_FILE
    from tiling.convert import bring_to_disk
    from tiling.open_slide import open_slide
    from tiling.scrub.execute import Executed
    from tiling.scrub.verify import look_through
    from tiling.scrub.verify_tiles import check_tiles
    from tiling.tiff.second_reader import open_tifffile

    with FileSource(path) as source, tempfile.TemporaryDirectory(prefix="slidereel-bench-") as folder:
        wall_s, used_s = time.perf_counter(), time.process_time()
        slide = open_slide(source)
        description = copy_level_0(slide, Path(folder))
        copied_s = time.process_time() - used_s
        search = MultiSearch(needles(removed_values(slide.texts(), [path.name]), b""))
        executed = Executed(description, None, 0, frozenset(), 0)
        with (
            FileSource(Path(folder, SLIDE_FILE)) as written,
            slide.witness() as witness,
            open_tifffile(written) as pages,
            ThreadPoolExecutor(PROCESSORS) as pool,
        ):
            on_disk = pool.submit(bring_to_disk, Path(folder))
            looking = pool.submit(timed_cpu, lambda: look_through(written, search, threading.Event()))
            before_s = time.thread_time()
            proof = check_tiles(slide, witness, pages[0], written, executed, pool, lambda _: None)
            compared_s = time.thread_time() - before_s
            looked_s = looking.result()
            on_disk.result()
        return {
            "l0_bytes": slide.l0_bytes,
            "tiles": proof.tiles,
            "identical": proof.identical,
            "patterns": search.needle_count,
            "copy_cpu_s": copied_s,
            "compare_cpu_s": compared_s,
            "search_cpu_s": looked_s,
            "carry_wall_s": time.perf_counter() - wall_s,
            "carry_cpu_s": time.process_time() - used_s,
        }


def copy_level_0(slide: Any, folder: Path) -> Any:
    """Write every tile of level 0, and none of the others. Returns the description."""
    from tiling.canonical.pyramid import EncodedTile
    from tiling.canonical.writer import CanonicalWriter, Facts
    from tiling.tiff.tags import Photometric

    grid = slide.grid

    def tiles_of(row: int) -> list[bytes]:
        return [slide.read_tile(col, row).jpeg or b"" for col in range(grid.cols)]

    facts = Facts(
        size=grid.size,
        tile_size_px=grid.tile_size_px,
        mpp=slide.mpp,
        objective_power=slide.objective_power,
        icc_profile=None,
        l0_photometric=Photometric.YCBCR,
        l0_sampling=(2, 1),
        l0_carriage=slide.carriage,
        l0_quality=None,
        reduced_qualities=(90,),
        source_format=slide.format_name,
        remarks=(),
    )
    with (
        CanonicalWriter(folder, grid.size, grid.tile_size_px) as writer,
        ThreadPoolExecutor(PROCESSORS) as pool,
    ):
        for row, tiles in enumerate(pool.map(tiles_of, range(grid.rows))):
            writer.put_tiles(0, 0, row, [EncodedTile(jpeg, None) for jpeg in tiles])
        return writer.finish(facts)


def timed_cpu(work: Callable[[], object]) -> float:
    """This thread's processor seconds."""
    start_s = time.thread_time()
    work()
    return time.thread_time() - start_s


def pictures(path: Path, rounds: int) -> dict[str, Any]:
    """A whole conversion, with and without looking."""
    from tiling.scrub.rules import ScrubRules

    plain, looked = [], []
    for _ in range(rounds):
        plain.append(convert_once(path, None))
        looked.append(convert_once(path, ScrubRules()))
    plain_s, plain_wall_s = map(statistics.median, zip(*plain, strict=True))
    looked_s, looked_wall_s = map(statistics.median, zip(*looked, strict=True))
    return {
        "convert_cpu_s": plain_s,
        "convert_and_look_cpu_s": looked_s,
        "pictures_add": looked_s / plain_s - 1,
        "convert_wall_s": plain_wall_s,
        "convert_and_look_wall_s": looked_wall_s,
        "pictures_add_wall": looked_wall_s / plain_wall_s - 1,
    }


def convert_once(path: Path, rules: Any) -> tuple[float, float]:
    """Processor seconds, and seconds on the wall. rules: None, or ScrubRules."""
    from ground.ppocr import open_text_finder
    from ground.source import FileSource
    from tiling.convert import convert

    with FileSource(path) as source, tempfile.TemporaryDirectory(prefix="slidereel-bench-") as folder:
        wall_s, used_s = time.perf_counter(), time.process_time()
        convert(
            source,
            Path(folder),
            progress=lambda *_: None,
            cancelled=lambda: False,
            workers=PROCESSORS,
            rules=rules,
            finder=None if rules is None else open_text_finder(threads=PROCESSORS),
        )
        return time.process_time() - used_s, time.perf_counter() - wall_s


if __name__ == "__main__":
    interpreter = ROOT / ".venv" / "bin" / "python"
    if sys.prefix == sys.base_prefix and interpreter.exists():
        os.execv(interpreter, [str(interpreter), *sys.argv])
    sys.exit(main())
