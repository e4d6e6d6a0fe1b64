"""Convert a scanner's slide to a canonical one: plan, execute, verify. Fails closed and leaves no halves."""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from ground.finding import Box, ReviewPicture
from ground.picture_text import TextFinder
from ground.source import ByteSource
from tiling.bundle import is_zip, open_bundle
from tiling.canonical.layout import (
    DESCRIPTION_FILE,
    MACRO_FILE,
    SERVED_FILE,
    SLIDE_FILE,
    CanonicalLevel,
    MacroFile,
)
from tiling.canonical.rate import LARGEST_RATIO
from tiling.canonical.reader import open_canonical
from tiling.errors import CanonicalError
from tiling.limits import Limits
from tiling.model import Place, Slide
from tiling.open_slide import open_slide
from tiling.scratch import Scratch
from tiling.scrub.execute import Executed, execute, stop_if
from tiling.scrub.plan import NO_DETECTOR, PICTURE_SIDE_PX, ScrubPlan, plan, with_picture, with_writing
from tiling.scrub.rules import ScrubRules
from tiling.scrub.verify import Proof, check_description, check_macro, verify

_CANCEL_EVERY_S = 0.5


class Stage(StrEnum):
    """LOOKING: what is written in the pictures is being looked for, and the rest is proved meanwhile."""

    CONVERTING = "converting"
    LOOKING = "looking"
    VERIFYING = "verifying"


@dataclass(frozen=True, slots=True)
class ConversionReport:
    """What was made and how it was proved. Holds names of places and numbers, never a value of the source."""

    width_px: int
    height_px: int
    tile_size_px: int
    mpp_x: float | None
    mpp_y: float | None
    objective_power: float | None
    source_format: str
    remarks: tuple[str, ...]
    levels: tuple[CanonicalLevel, ...]
    l0_encoding: str
    source_l0_bytes: int
    places: tuple[Place, ...]
    proof: dict[str, Any]
    canonical_bytes: int
    canonical_sha256: str
    scrub: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        stated = asdict(self)
        stated["places"] = [
            {"place": place.name, "action": place.action.value, "byte_count": place.byte_count}
            for place in self.places
        ]
        stated["levels"] = [asdict(level) for level in self.levels]
        return stated


def convert(
    source: ByteSource,
    output_dir: Path,
    *,
    progress: Callable[[Stage, int, int], None],
    cancelled: Callable[[], bool],
    workers: int = 2,
    forbidden: Sequence[str] = (),
    limits: Limits | None = None,
    scratch: Scratch | None = None,
    largest_ratio: float = LARGEST_RATIO,
    rules: ScrubRules | None = None,
    finder: TextFinder | None = None,
    added: Sequence[Box] = (),
    removed: Sequence[Box] = (),
    review: Callable[[ReviewPicture], None] | None = None,
) -> ConversionReport:
    """Write slide.tif, served.bin and served.json into `output_dir`, which exists and holds none of them.

    Where the rules keep it, macro.jpg is written beside them.

    Reports tiles done and in all at each stage. `forbidden`: further strings that the result must not
    contain. `scratch`: room for plain copies, which formats need that only a library with paths reads.
    `largest_ratio`: of the result's bytes to those of a JPEG source's level 0.
    `rules`: what becomes of what the pictures show; None: no picture is looked at, and no macro kept.
    `finder`: looks for writing, where the rules want that. `added`, `removed`: what a person has drawn, or
    taken for harmless, level-0 px. `review` is given pictures of the source that a person has to see.
    Raises TilingError, or OSError where the disk refuses; then none of the files remains.
    """
    names = (DESCRIPTION_FILE, SLIDE_FILE, SERVED_FILE, MACRO_FILE)
    if any((output_dir / name).exists() for name in names):
        raise CanonicalError("there is a canonical slide in this place already")
    try:
        return _convert(
            source,
            output_dir,
            progress,
            cancelled,
            workers,
            forbidden,
            limits or Limits(),
            scratch,
            largest_ratio,
            _Scrub(rules, finder, tuple(added), tuple(removed), review),
        )
    except BaseException:
        for name in names:
            (output_dir / name).unlink(missing_ok=True)
        raise


def _convert(
    source: ByteSource,
    output_dir: Path,
    progress: Callable[[Stage, int, int], None],
    cancelled: Callable[[], bool],
    workers: int,
    forbidden: Sequence[str],
    limits: Limits,
    scratch: Scratch | None,
    largest_ratio: float,
    scrub: "_Scrub",
) -> ConversionReport:
    slide = open_slide(source, limits, scratch)
    forbidden = (*forbidden, *_member_names(source, limits))
    begun = scrub.plan(slide)
    stop_if(cancelled())

    def run(masked_tiles: frozenset[int]) -> Executed:
        return execute(
            slide,
            output_dir,
            progress=lambda done, total: progress(Stage.CONVERTING, done, total),
            cancelled=cancelled,
            workers=workers,
            largest_ratio=largest_ratio,
            masked_tiles=masked_tiles,
            picture_side_px=None if scrub.rules is None else PICTURE_SIDE_PX,
        )

    def prove(executed: Executed, stage: Callable[[], Stage]) -> Proof:
        with ThreadPoolExecutor(1, thread_name_prefix="tiling-sync") as disk:
            # What is proved meanwhile is read from memory all the same.
            on_disk = disk.submit(bring_to_disk, output_dir)
            proof = verify(
                slide,
                executed,
                output_dir,
                forbidden=forbidden,
                progress=lambda done, total: progress(stage(), done, total),
                cancelled=cancelled,
                workers=workers,
            )
            on_disk.result()
        return proof

    executed = run(begun.masked_tiles)
    begun = scrub.show(begun, slide, executed)
    with scrub.looking(begun, slide, cancelled) as looking:
        proof = prove(executed, lambda: Stage.VERIFYING if looking.done() else Stage.LOOKING)
        while not wait([looking], _CANCEL_EVERY_S).done:
            stop_if(cancelled())
        planned = looking.result()
    if planned.masked_tiles != executed.masked_tiles:
        # Writing was seen that has to be masked: rare enough to begin again rather than to read all twice.
        for name in (SLIDE_FILE, SERVED_FILE):
            (output_dir / name).unlink()
        executed = run(planned.masked_tiles)
        proof = prove(executed, lambda: Stage.VERIFYING)
    description = replace(
        executed.description,
        remarks=(*executed.description.remarks, *planned.remarks),
        slide_sha256=proof.slide_sha256,
        served_sha256=proof.served_sha256,
        macro=_write_macro(planned, slide, output_dir, forbidden),
    )
    write_durably(output_dir / DESCRIPTION_FILE, description.to_json())
    check_description(output_dir / DESCRIPTION_FILE, description, slide.texts(), forbidden)
    open_canonical(output_dir).close()
    return ConversionReport(
        width_px=description.size.width_px,
        height_px=description.size.height_px,
        tile_size_px=description.tile_size_px,
        mpp_x=description.mpp.x_um if description.mpp else None,
        mpp_y=description.mpp.y_um if description.mpp else None,
        objective_power=description.objective_power,
        source_format=slide.format_name,
        remarks=description.remarks,
        levels=description.levels(),
        l0_encoding=description.l0_carriage.value,
        source_l0_bytes=slide.l0_bytes,
        places=planned.places,
        proof=proof.to_json() | {"recoded_edge_tiles": executed.recoded_edge_count},
        canonical_bytes=description.slide_bytes + description.served_bytes,
        canonical_sha256=description.slide_sha256,
        scrub=None if scrub.rules is None else planned.to_json(),
    )


@dataclass(frozen=True, slots=True)
class _Scrub:
    """What the caller wants of the scrub. rules: None: nothing but what always holds."""

    rules: ScrubRules | None
    finder: TextFinder | None
    added: tuple[Box, ...]
    removed: tuple[Box, ...]
    review: Callable[[ReviewPicture], None] | None

    def plan(self, slide: Slide) -> ScrubPlan:
        if self.rules is None:
            return ScrubPlan(tuple(slide.places()), NO_DETECTOR)
        return plan(slide, self.rules, self.finder, added=self.added)

    def show(self, begun: ScrubPlan, slide: Slide, executed: Executed) -> ScrubPlan:
        """The plan with the picture of the slide; whoever decides gets all pictures, whatever comes of it."""
        if executed.picture is None:
            return begun
        shown = with_picture(begun, slide, executed.picture)
        if self.review is not None:
            for picture in shown.pictures:
                self.review(picture)
        return shown

    @contextmanager
    def looking(
        self, begun: ScrubPlan, slide: Slide, cancelled: Callable[[], bool]
    ) -> Iterator[Future[ScrubPlan]]:
        """The plan with what is written, which is looked for beside other work; ended with it."""
        if self.rules is None:
            known: Future[ScrubPlan] = Future()
            known.set_result(begun)
            yield known
            return
        ended = threading.Event()
        with ThreadPoolExecutor(1, thread_name_prefix="tiling-look") as beside:
            try:
                yield beside.submit(
                    with_writing,
                    begun,
                    slide,
                    self.rules,
                    self.finder,
                    self.removed,
                    stop=lambda: stop_if(ended.is_set() or cancelled()),
                )
            finally:
                ended.set()


def _write_macro(
    planned: ScrubPlan, slide: Slide, output_dir: Path, forbidden: Sequence[str]
) -> MacroFile | None:
    kept = planned.macro
    if kept is None:
        return None
    path = output_dir / MACRO_FILE
    write_durably(path, kept.jpeg)
    check_macro(path, kept, slide.texts(), forbidden)
    return MacroFile(kept.width_px, kept.height_px, len(kept.jpeg), hashlib.sha256(kept.jpeg).hexdigest())


def _member_names(source: ByteSource, limits: Limits) -> list[str]:
    """What people called the files of an archive: none of it may stand in the result."""
    if not is_zip(source):
        return []
    names = open_bundle(source, limits).names()
    return names.read_at(0, names.size_bytes).decode("utf-8", "replace").splitlines()


def bring_to_disk(output_dir: Path) -> None:
    """Wait until what was written of a slide is on the disk. Raises OSError."""
    for name in (SLIDE_FILE, SERVED_FILE):
        with (output_dir / name).open("rb") as file:
            os.fsync(file.fileno())


def write_durably(path: Path, data: bytes) -> None:
    """Write a new file and its directory entry to the disk."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
