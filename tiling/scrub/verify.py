"""Prove that a canonical slide is faithful and clean, by looking at the files that were written.

Nothing is taken from the memory of the conversion: the result is opened again by other people's libraries
(tifffile, OpenSlide), the source by a second reader. Whatever cannot be proved raises VerificationError.
"""

import hashlib
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ground.removed import needles, removed_values
from ground.search import MultiSearch
from ground.source import ByteSource, FileSource
from tiling.canonical.layout import SERVED_FILE, SLIDE_FILE, Description
from tiling.errors import VerificationError
from tiling.icc import OWN_WORDS
from tiling.macro import KeptMacro
from tiling.macro.keeping import wrong_with
from tiling.model import Slide
from tiling.pixels import L0_CODING, SMALL_CODING, encode_jpeg
from tiling.scrub.execute import Executed, stop_if
from tiling.scrub.streams import walk
from tiling.scrub.verify_files import FileProof, check_deepzoom, check_layout
from tiling.scrub.verify_masks import check_masks
from tiling.scrub.verify_pixels import PixelProof, check_pixels
from tiling.scrub.verify_tiles import TileProof, check_tiles
from tiling.tiff.second_reader import open_tifffile

_CHUNK_BYTES = 2**20
_CANCEL_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class SearchProof:
    """How many strings, in how many disguises, were looked for in how many bytes; and found: never any."""

    strings_searched: int
    patterns_searched: int
    bytes_searched: int
    places_found: int


@dataclass(frozen=True, slots=True)
class Proof:
    files: FileProof
    tiles: TileProof
    pixels: PixelProof
    search: SearchProof
    slide_sha256: str
    served_sha256: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def verify(
    slide: Slide,
    executed: Executed,
    directory: Path,
    *,
    forbidden: Sequence[str],
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
    workers: int,
) -> Proof:
    """Check slide.tif and served.bin in `directory`. Raises VerificationError, ConversionCancelled."""
    description = executed.description
    values = removed_values(slide.texts(), forbidden)
    search = MultiSearch(needles(values, _permitted_text(description)))
    running: list[Future[LookedThrough]] = []
    stopped = threading.Event()
    with (
        FileSource(directory / SLIDE_FILE) as slide_file,
        FileSource(directory / SERVED_FILE) as served_file,
        slide.witness() as witness,
        open_tifffile(slide_file) as pages,
        ThreadPoolExecutor(workers, thread_name_prefix="tiling-proof") as pool,
    ):
        try:
            running = [pool.submit(look_through, file, search, stopped) for file in (slide_file, served_file)]
            tile_count, dz_count = slide.grid.count, sum(grid.count for grid in description.grids())
            total = tile_count + dz_count

            def advance(done: int) -> None:
                stop_if(cancelled())
                progress(done, total)

            accounted, padding = check_layout(pages, slide_file, description, executed.icc_profile)
            tiles = check_tiles(slide, witness, pages[0], slide_file, executed, pool, advance)
            shown = check_deepzoom(
                pages, slide_file, served_file, description, lambda done: advance(tile_count + done)
            )
            pixels = check_pixels(slide, witness, executed, pages, directory / SLIDE_FILE)
            check_masks(pages, slide_file, served_file, description, executed.masked_tiles)
            while wait(running, _CANCEL_EVERY_S).not_done:
                stop_if(cancelled())
            in_slide, in_served = (looking.result() for looking in running)
            advance(total)
        finally:
            stopped.set()
            for future in running:
                future.cancel()
    if in_slide.places or in_served.places:
        raise VerificationError("a text of the source was found in the result")
    return Proof(
        FileProof(
            levels=len(description.levels()),
            accounted_bytes=accounted,
            alignment_bytes=padding,
            deepzoom_tiles=shown,
            has_icc_profile=executed.icc_profile is not None,
        ),
        tiles,
        pixels,
        SearchProof(
            strings_searched=len(values),
            patterns_searched=search.needle_count,
            bytes_searched=slide_file.size_bytes + served_file.size_bytes,
            places_found=in_slide.places + in_served.places,
        ),
        in_slide.sha256,
        in_served.sha256,
    )


@dataclass(frozen=True, slots=True)
class LookedThrough:
    """A file of the result: how many places in it hold a removed string, and its checksum."""

    places: int
    sha256: str


def look_through(file: ByteSource, search: MultiSearch, stopped: threading.Event) -> LookedThrough:
    """Read a file once for both, in chunks that the processor's cache holds."""
    places, digest = 0, hashlib.sha256()
    chunk_bytes = max(_CHUNK_BYTES, search.longest_bytes)
    for offset in range(0, file.size_bytes, chunk_bytes):
        if stopped.is_set():
            break
        # Chunks overlap, so that a string on a border is seen whole by the chunk in which it starts.
        data = file.read_at(offset, chunk_bytes + search.longest_bytes - 1)
        places += search.count(data)
        digest.update(memoryview(data)[:chunk_bytes])
    return LookedThrough(places, digest.hexdigest())


def check_macro(path: Path, kept: KeptMacro, texts: Iterable[bytes], forbidden: Iterable[str]) -> None:
    """Check macro.jpg as it stands on the disk: plain, blank where the label was, the one that was looked at.

    Raises VerificationError.
    """
    written = path.read_bytes()
    form = walk(written)
    if (form.width_px, form.height_px, form.foreign_bytes) != (kept.width_px, kept.height_px, 0):
        raise VerificationError("the kept picture of the glass is not a plain JPEG of the right size")
    wrong = wrong_with(written, kept)
    if wrong is not None:
        raise VerificationError(wrong)
    plain = encode_jpeg(np.zeros((16, 16, 3), np.uint8), L0_CODING)
    if MultiSearch(needles(removed_values(texts, forbidden), plain)).count(written):
        raise VerificationError("a text of the source was found in the result")


def check_description(
    path: Path, expected: Description, texts: Iterable[bytes], forbidden: Iterable[str]
) -> None:
    """Check served.json as it stands on the disk: the expected numbers in the expected form, nothing else.

    Raises VerificationError.
    """
    written = path.read_bytes()
    if Description.from_json(written) != expected or expected.to_json() != written:
        raise VerificationError("the result's description is not the one that was made for it")
    # Of numbers the comparison is the proof; a search would take a checksum's digits for a patient's.
    values = {value for value in removed_values(texts, forbidden) if not _is_number(value)}
    if MultiSearch(needles(values, _permitted_text(expected))).count(written):
        raise VerificationError("a text of the source was found in the result")


def _permitted_text(description: Description) -> bytes:
    """What may stand in the result: its own words, and the tables in the header of every JPEG.

    An embedded thumbnail puts the latter's letters among the source's texts too: JPEG's usual Huffman tables
    read "CDEFGHIJSTUVWXYZcdefghij".
    """
    return (
        description.permitted_text() + OWN_WORDS + encode_jpeg(np.zeros((16, 16, 3), np.uint8), SMALL_CODING)
    )


def _is_number(value: bytes) -> bool:
    return value.strip(b"+-.0123456789") == b""
