"""``kill -9`` before any single change of the disk, and a full disk there: nothing is lost or shown.

Each journey is walked by a copy of this process that ends at one of its changes after the other. What it left
is then put in order as a start does it, looked at file by file, and the journey is walked again to its end.
The converting process is played by this one, which writes what a real one has written before.
"""

import contextlib
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from server import catalog, jobs
from server.accounts import Doer
from server.catalog import State
from server.db import upgrade
from server.errors import ServerError
from server.ingest.convert_job import run_job
from server.ingest.intake import Intake
from server.ingest.recovery import recover
from tests.server.conftest import BY, add_officer
from tests.server.ingest.crash_site import (
    Made,
    Site,
    agree,
    convert_really,
    every,
    nothing_is_half_written_or_plain,
    status_is_true,
)
from tests.server.ingest.crashing import DONE, FULL_DISK, Spoil, die_at, full_from, in_another_process
from tests.server.ingest.slides import FILE_NAME

ANNA, BRUNO = Doer("u1", "anna", "10.0.0.1"), Doer("u2", "bruno", "10.0.0.2")
MOST_CHANGES = 400
STRIDE = int(os.environ.get("SLIDEREEL_CRASH_STRIDE", "4"))
"""Every so many changes; 1: all of them."""
CASE = "CASE 7"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return convert_really(tmp_path_factory.mktemp("made"))


def take(site: Site, profile: str | None = None) -> None:
    with site.intake() as intake:
        intake.take_file(site.made.source, CASE, BY, profile=profile)


def convert(site: Site) -> None:
    with site.intake() as intake, jobs.Owner(intake.owners_dir, intake.ambient) as owner:
        while True:
            job = intake.database.write_now(
                lambda c: jobs.claim(c, intake.ambient, owner.owner_id, intake.is_alive)
            )
            if job is None:
                return
            asset = run_job(intake, job)
            if asset.problem is not None and "disk" in asset.problem.detail:
                raise OSError(asset.problem.detail)


def taken_and_converted(site: Site, profile: str | None = None) -> None:
    take(site, profile)
    convert(site)


def strict(site: Site) -> None:
    taken_and_converted(site, "strict")


def signed_once(site: Site) -> None:
    strict(site)
    sign(ANNA)(site)


def rejected(site: Site) -> None:
    taken_and_converted(site)
    reject(site)


def half_uploaded(site: Site) -> None:
    with site.intake() as intake:
        begun = intake.uploads.create(ANNA, site.made.source.stat().st_size, FILE_NAME, CASE)
        append(intake, begun.upload_id, site.made.source.read_bytes()[:70_000])


def append(intake: Intake, upload_id: str, data: bytes) -> None:
    adding = intake.uploads.append(upload_id, ANNA, intake.uploads.get(upload_id, ANNA).offset_bytes)
    with contextlib.closing(adding):
        adding.write(data)
        adding.save()


def begin_upload(site: Site) -> None:
    with site.intake() as intake:
        intake.uploads.create(ANNA, site.made.source.stat().st_size, FILE_NAME, CASE)


def upload_the_rest(site: Site) -> None:
    with site.intake() as intake:
        for begun in intake.uploads.unfinished(ANNA):
            append(intake, begun.upload_id, site.made.source.read_bytes()[begun.offset_bytes :])


def give_the_upload_up(site: Site) -> None:
    with site.intake() as intake:
        for begun in intake.uploads.unfinished(ANNA):
            intake.uploads.end(begun.upload_id, ANNA)


def decide(decision: str, *arguments: str, by: Doer = ANNA) -> Callable[[Site], None]:
    def act(site: Site) -> None:
        with site.intake() as intake:
            getattr(intake, decision)(only(intake).asset_id, *arguments, by)

    return act


reject = decide("reject", "identity-visible")


def sign(by: Doer) -> Callable[[Site], None]:
    return decide("release", by=by)


def scrub_again_by(profile: str) -> Callable[[Site], None]:
    def act(site: Site) -> None:
        with site.intake() as intake:
            if only(intake).profile != profile:
                intake.scrub_again(only(intake).asset_id, ANNA, profile=profile)
        convert(site)

    return act


def rotate(site: Site) -> None:
    site.command("quarantine", "rotate-key")


def erase(site: Site) -> None:
    site.command("quarantine", "erase-case", CASE, "--yes")


def purge(site: Site) -> None:
    site.command("quarantine", "purge")


def rubbish(site: Site) -> None:
    """A file of a case that was erased elsewhere, and what lies beside one that is no more."""
    taken_and_converted(site)
    with site.intake() as intake:
        with intake.quarantine.create("beef", 4, {}, case_id="dead") as writer:
            writer.write(b"four")
            writer.finish()
        intake.quarantine.cases.destroy("dead")
        (intake.quarantine.root / "c0de.review").write_bytes(b"sealed")


def nothing(_site: Site) -> None:
    """Begin with an empty data folder."""


def only(intake: Intake) -> catalog.Asset:
    (asset,) = every(intake)
    return asset


@dataclass(frozen=True, slots=True)
class Journey:
    """From how it is before, by what is done, to the state that the one asset is in at the end."""

    before: Callable[[Site], None]
    act: Callable[[Site], None]
    end: State | None
    is_erased: bool = False
    keep: bool = False
    refused: bool = False


JOURNEYS = {
    "a command seals a file": Journey(nothing, take, State.AWAITING_RELEASE),
    "an upload begins": Journey(nothing, begin_upload, None),
    "an upload ends": Journey(half_uploaded, upload_the_rest, State.AWAITING_RELEASE),
    "an upload is given up": Journey(half_uploaded, give_the_upload_up, None),
    "it is converted": Journey(take, convert, State.AWAITING_RELEASE),
    "it is refused": Journey(take, convert, State.REFUSED, refused=True),
    "it is scrubbed again": Journey(signed_once, scrub_again_by("standard"), State.AWAITING_RELEASE),
    "what was rejected is scrubbed again": Journey(
        rejected, scrub_again_by("strict"), State.AWAITING_RELEASE
    ),
    "the first of two signs": Journey(strict, sign(ANNA), State.AWAITING_RELEASE),
    "the second of two signs": Journey(signed_once, sign(BRUNO), State.RELEASED),
    "it is released and kept": Journey(taken_and_converted, sign(ANNA), State.RELEASED, keep=True),
    "it is rejected": Journey(taken_and_converted, reject, State.REFUSED),
    "it is discarded": Journey(taken_and_converted, decide("discard"), State.DISCARDED),
    "it is cancelled": Journey(take, decide("cancel"), State.QUARANTINED),
    "it is tried again": Journey(rejected, decide("retry"), State.AWAITING_RELEASE),
    "the master key is replaced": Journey(taken_and_converted, rotate, State.AWAITING_RELEASE),
    "its case is erased": Journey(taken_and_converted, erase, State.AWAITING_RELEASE, is_erased=True),
    "rubbish is purged": Journey(rubbish, purge, State.AWAITING_RELEASE),
}


def walk(journey: Journey, made: Made, before: Path, data: Path, spoil: Spoil) -> int:
    """Walk it in a process that is spoilt, put in order what it left, walk it to its end; how it ended."""
    shutil.copytree(before, data)
    site = Site(data, replace(made, refused=journey.refused), keep=journey.keep)
    code = in_another_process(lambda: journey.act(site), spoil)
    with site.intake() as intake:
        recover(intake)
        agree(intake, site.made, is_erased=journey.is_erased, keep=journey.keep)
        nothing_is_half_written_or_plain(intake, site.made)
    # What was done before the end is done: to ask for it again is refused with a sentence, or does nothing.
    with contextlib.suppress(ServerError):
        journey.act(site)
    convert(site)
    with site.intake() as intake:
        recover(intake)
        agree(intake, site.made, is_erased=journey.is_erased, keep=journey.keep)
        nothing_is_half_written_or_plain(intake, site.made)
        status_is_true(intake)
        assert {asset.state for asset in every(intake)} == ({journey.end} if journey.end else set())
    shutil.rmtree(data)
    return code


def prepared(journey: Journey, made: Made, tmp_path: Path) -> Path:
    before = tmp_path / "before"
    before.mkdir(mode=0o700)
    site = Site(before, made, keep=journey.keep)
    with site.intake() as intake:
        upgrade(intake.database)
        for by in (ANNA, BRUNO):
            add_officer(intake.database, by)
    journey.before(site)
    with site.intake() as intake:
        recover(intake)
    return before


def endings(journey: Journey, made: Made, tmp_path: Path, spoil_from: Callable[[int], Spoil]) -> list[int]:
    """How it ends, spoilt at an early change, at a later one, … until it is done in spite of that."""
    before = prepared(journey, made, tmp_path)
    codes: list[int] = []
    number = 0
    while DONE not in codes:
        assert number < MOST_CHANGES
        codes.append(walk(journey, made, before, tmp_path / f"at {number}", spoil_from(number)))
        number += STRIDE
    return codes


@pytest.mark.slow
@pytest.mark.parametrize("name", JOURNEYS)
def test_wherever_the_process_dies_everything_is_as_before_or_as_after(
    name: str, made: Made, tmp_path: Path
) -> None:
    *killed, _done = endings(JOURNEYS[name], made, tmp_path, die_at)
    assert set(killed) == {-signal.SIGKILL}


@pytest.mark.slow
@pytest.mark.parametrize("name", JOURNEYS)
def test_wherever_the_disk_fills_up_it_is_said_and_nothing_is_lost(
    name: str, made: Made, tmp_path: Path
) -> None:
    *refused, _done = endings(JOURNEYS[name], made, tmp_path, full_from)
    assert set(refused) == {FULL_DISK}, "it is said each time that there is no room"
