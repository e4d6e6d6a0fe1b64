"""``kill -9`` before every single change of the disk, and a full disk there: nothing is lost or shown.

Each journey is walked by a copy of this process that ends at its first, second, third … change. What it left
is then put in order as a start does it, looked at file by file, and the journey is walked again to its end.
The converting process is played by this one, which writes what a real one has written before.
"""

import contextlib
import io
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from ground.finding import ReviewPicture
from server import audit, catalog, jobs
from server.accounts import Doer
from server.ambient import real_ambient
from server.catalog import State
from server.catalog.model import CONVERTED
from server.cli.main import main
from server.config import Settings
from server.db import Database, upgrade
from server.errors import NotFoundError, ServerError
from server.ingest import conversion
from server.ingest.convert_job import run_job
from server.ingest.intake import Intake
from server.ingest.pictures import ReviewPictures
from server.ingest.plan import Converted, Outcome, Plan, Progress, Refused
from server.ingest.recovery import recover
from tests.server.conftest import BY, add_officer
from tests.server.ingest.crashing import BROKE, DONE, FULL_DISK, Spoil, die_at, full_from, in_another_process
from tests.server.ingest.slides import FILE_NAME, svs, traces

ANNA, BRUNO = Doer("u1", "anna", "10.0.0.1"), Doer("u2", "bruno", "10.0.0.2")
MOST_CHANGES = 400
CASE = "CASE 7"


@dataclass(frozen=True, slots=True)
class Made:
    """What a real conversion of ``source`` has made, and the pictures that go with it."""

    source: Path
    folder: Path
    converted: Converted
    refused: bool = False

    def write(self, plan: Plan, tick: conversion.Tick) -> Outcome:
        """Do what the converting process does, with this process's hands."""
        for stage in (State.CONVERTING, State.VERIFYING):
            if (end := tick(Progress(stage, 1, 2, "slide"))) is not None:
                return end
        for file in self.folder.iterdir():
            fd = os.open(Path(plan.output_dir) / file.name, os.O_WRONLY | os.O_CREAT, 0o600)
            data = file.read_bytes()
            for half in (data[: len(data) // 2], data[len(data) // 2 :]):
                os.write(fd, half)
            os.close(fd)
        pictures().write(Path(plan.review_path), plan.data_key, plan.sealed_name)
        return Refused("not-proved-clean", "It is not clean.") if self.refused else self.converted


def pictures() -> ReviewPictures:
    taken = ReviewPictures()
    for number, name in enumerate(("thumbnail", "macro")):
        taken.add(ReviewPicture(name, np.full((30, 40, 3), 60 + number, np.uint8)))
    return taken


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("made")
    source, kept, settings = svs(folder / "scanner"), folder / "kept", Settings(data=folder / "data")
    heard: list[Outcome] = []
    settings.data.mkdir()
    with Database(settings.data / "slidereel.sqlite") as database, pytest.MonkeyPatch.context() as patch:
        upgrade(database)
        run = conversion.run

        def listen(plan: Plan, **how) -> Outcome:
            heard.append(run(plan, **how))
            shutil.copytree(plan.output_dir, kept)
            return heard[0]

        patch.setattr(conversion, "run", listen)
        intake = Intake(settings, real_ambient(), database)
        with jobs.Owner(intake.owners_dir, intake.ambient) as owner:
            run_job(intake, intake.take_file(source, CASE, BY, owner_id=owner.owner_id).job)
    (converted,) = heard
    assert isinstance(converted, Converted)
    return Made(source, kept, converted)


class Site:
    """A data folder, opened by whoever needs it and left again: what stays is what lies on the disk."""

    def __init__(self, data: Path, made: Made, *, keep: bool = False) -> None:
        self.made = made
        self.settings = Settings(data=data, keep_originals=keep)

    @contextlib.contextmanager
    def intake(self) -> Iterator[Intake]:
        database = Database(self.settings.data / "slidereel.sqlite")
        with database, pytest.MonkeyPatch.context() as patch:
            patch.setattr(conversion, "run", lambda plan, tick, **_how: self.made.write(plan, tick))
            yield Intake(self.settings, real_ambient(), database)

    def command(self, *arguments: str) -> None:
        """As a person types it. Raises ServerError with the sentences that a refusal prints."""
        with contextlib.redirect_stderr(io.StringIO()) as said:
            code = main([*arguments, "--data", str(self.settings.data)])
        if code:
            raise ServerError(said.getvalue())


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
        upload = intake.uploads.create(ANNA, site.made.source.stat().st_size, FILE_NAME, CASE)
        append(intake, upload.upload_id, site.made.source.read_bytes()[:70_000])


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
        for upload in intake.uploads.unfinished(ANNA):
            append(intake, upload.upload_id, site.made.source.read_bytes()[upload.offset_bytes :])


def give_the_upload_up(site: Site) -> None:
    with site.intake() as intake:
        for upload in intake.uploads.unfinished(ANNA):
            intake.uploads.end(upload.upload_id, ANNA)


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


def every(intake: Intake) -> list[catalog.Asset]:
    read = intake.database.read_now
    found = list(read(lambda c: catalog.list_assets(c, intake=True)).items)
    return found + list(read(lambda c: catalog.list_assets(c, intake=True, state=State.DISCARDED)).items)


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


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def agree(intake: Intake, made: Made, *, is_erased: bool, keep: bool) -> None:
    """State and files tell the same; what must be there is there, and what must not be seen is not."""
    assets = every(intake)
    folders = {path.name for path in intake.assets_dir.iterdir()}
    assert folders == {asset.asset_id for asset in assets if asset.state in CONVERTED}
    for asset in assets:
        if asset.state in CONVERTED:
            assert contents(intake.assets_dir / asset.asset_id) == contents(made.folder)
        has_original = asset.quarantine_key is not None
        assert has_original or is_erased or asset.state in (State.RELEASED, State.DISCARDED)
        assert not (has_original and asset.state is State.RELEASED) or keep
        if asset.quarantine_key is not None:
            with intake.quarantine.reader(asset.quarantine_key) as original:
                assert original.read_at(0, original.size_bytes) == made.source.read_bytes()
            if asset.state is State.AWAITING_RELEASE or (made.refused and asset.state is State.REFUSED):
                assert [one["name"] for one in intake.pictures_before(asset.quarantine_key)] == [
                    "thumbnail",
                    "macro",
                ]
        if asset.state is not State.RELEASED:
            with pytest.raises(NotFoundError):
                intake.database.read_now(
                    lambda c, asset_id=asset.asset_id: catalog.get_asset(c, asset_id, intake=False)
                )
    uploads = {upload.upload_id for upload in intake.uploads.unfinished(ANNA)}
    wanted = uploads | {asset.quarantine_key for asset in assets if asset.quarantine_key is not None}
    assert wanted <= set(intake.quarantine.keys()), "nothing that somebody may still ask for is gone"
    assert list(intake.work_dir.iterdir()) == []
    assert intake.database.read_now(audit.verify).broken_at is None
    data = intake.data
    assert traces(data) == []
    plain = [jpeg[-200:] for _stated, jpeg in pictures()._pictures]
    for path in data.rglob("*"):
        assert not path.is_file() or not any(jpeg in path.read_bytes() for jpeg in plain), path.name


def status_is_true(intake: Intake) -> None:
    """What ``slidereel quarantine status`` says is what lies there for somebody."""
    kept = {asset.quarantine_key for asset in every(intake)} - {None}
    uploads = {upload.upload_id for upload in intake.uploads.unfinished(ANNA)}
    found = intake.quarantine.inventory()
    assert found.file_count == len(kept | uploads)
    assert intake.database.read_now(catalog.unused_cases) == []
    assert (found.broken_count, found.erased_count, found.leftover_count) == (0, 0, 0)
    assert not found.is_key_being_replaced


def walk(journey: Journey, made: Made, before: Path, data: Path, spoil: Spoil) -> int:
    """Walk it in a process that is spoilt, put in order what it left, walk it to its end; how it ended."""
    shutil.copytree(before, data)
    site = Site(data, replace(made, refused=journey.refused), keep=journey.keep)
    code = in_another_process(lambda: journey.act(site), spoil)
    with site.intake() as intake:
        recover(intake)
        agree(intake, site.made, is_erased=journey.is_erased, keep=journey.keep)
    # What was done before the end is done: to ask for it again is refused with a sentence, or does nothing.
    with contextlib.suppress(ServerError):
        journey.act(site)
    convert(site)
    with site.intake() as intake:
        recover(intake)
        agree(intake, site.made, is_erased=journey.is_erased, keep=journey.keep)
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


@pytest.mark.slow
@pytest.mark.parametrize("name", JOURNEYS)
def test_wherever_the_process_dies_everything_is_as_before_or_as_after(
    name: str, made: Made, tmp_path: Path
) -> None:
    journey = JOURNEYS[name]
    before = prepared(journey, made, tmp_path)
    for number in count():
        assert number < MOST_CHANGES
        code = walk(journey, made, before, tmp_path / f"at {number}", die_at(number))
        if code != -9:
            break
    assert code == DONE and number > 1, "it was killed at each of its changes, and then at none"


@pytest.mark.slow
@pytest.mark.parametrize("name", JOURNEYS)
def test_wherever_the_disk_fills_up_it_is_said_and_nothing_is_lost(
    name: str, made: Made, tmp_path: Path
) -> None:
    journey = JOURNEYS[name]
    before = prepared(journey, made, tmp_path)
    codes = []
    for number in count():
        assert number < MOST_CHANGES
        codes.append(walk(journey, made, before, tmp_path / f"from {number}", full_from(number)))
        if codes[-1] == DONE:
            break
    assert BROKE not in codes and codes[0] == FULL_DISK, "each time it is said that the disk is full"
