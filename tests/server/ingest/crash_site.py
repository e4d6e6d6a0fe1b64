"""A data folder that may be left at any moment, and whether what lies there agrees with what it says."""

import contextlib
import io
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from ground.finding import ReviewPicture
from server import audit, catalog, jobs
from server.ambient import real_ambient
from server.catalog import State
from server.catalog.model import CONVERTED
from server.cli.main import main
from server.config import Settings
from server.db import Database, upgrade
from server.db.schema import upload
from server.errors import NotFoundError, ServerError
from server.ingest import conversion
from server.ingest.convert_job import run_job
from server.ingest.intake import Intake
from server.ingest.pictures import ReviewPictures
from server.ingest.plan import Converted, Outcome, Plan, Progress, Refused
from server.ingest.published import check_published
from tests.server.conftest import BY
from tests.server.ingest.slides import svs, traces


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
        self.pictures().write(Path(plan.review_path), plan.data_key, plan.sealed_name)
        return Refused("not-proved-clean", "It is not clean.") if self.refused else self.converted

    def pictures(self) -> ReviewPictures:
        """Those of which the report tells; what they show does not matter."""
        taken = ReviewPictures()
        for number, stated in enumerate(self.converted.report["scrub"]["pictures"]):
            taken.add(ReviewPicture(stated["name"], np.full((30, 40, 3), 60 + number, np.uint8)))
        return taken


def convert_really(folder: Path) -> Made:
    """Have a slide converted by a real process, and keep what it made."""
    source, kept, settings = svs(folder / "scanner"), folder / "kept", Settings(data=folder / "data")
    heard: list[Outcome] = []
    settings.data.mkdir(parents=True)
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
            run_job(intake, intake.take_file(source, None, BY, owner_id=owner.owner_id).job)
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


def every(intake: Intake) -> list[catalog.Asset]:
    read = intake.database.read_now
    found = list(read(lambda c: catalog.list_assets(c, intake=True)).items)
    return found + list(read(lambda c: catalog.list_assets(c, intake=True, state=State.DISCARDED)).items)


def wanted(intake: Intake) -> set[str]:
    """The names under which something lies sealed that somebody may still ask for."""
    unfinished = sa.select(upload.c.upload_id).where(upload.c.asset_id.is_(None))
    uploads = intake.database.read_now(lambda c: c.execute(unfinished).scalars().all())
    return {asset.quarantine_key for asset in every(intake) if asset.quarantine_key is not None} | {*uploads}


def agree(intake: Intake, made: Made, *, is_erased: bool, keep: bool) -> None:
    """State and files tell the same; what must be there is there, and what must not be seen is not."""
    assets = every(intake)
    folders = {path.name for path in intake.assets_dir.iterdir()}
    assert folders == {asset.asset_id for asset in assets if asset.state in CONVERTED}
    for asset in assets:
        if asset.state in CONVERTED:
            check_published(intake.assets_dir / asset.asset_id, str(asset.canonical_sha256))
        has_original = asset.quarantine_key is not None
        assert has_original or is_erased or asset.state in (State.RELEASED, State.DISCARDED)
        assert not (has_original and asset.state is State.RELEASED) or keep
        if asset.quarantine_key is not None:
            with intake.quarantine.reader(asset.quarantine_key) as original:
                assert original.read_at(0, original.size_bytes) == made.source.read_bytes()
            if asset.state is State.AWAITING_RELEASE:
                assert asset.report is not None
                stated = [picture["name"] for picture in asset.report["scrub"]["pictures"]]
                sealed = [picture["name"] for picture in intake.pictures_before(asset.quarantine_key)]
                assert sealed == stated != []
        if asset.state is not State.RELEASED:
            with pytest.raises(NotFoundError):
                intake.database.read_now(
                    lambda c, asset_id=asset.asset_id: catalog.get_asset(c, asset_id, intake=False)
                )
    if is_erased and not wanted(intake):
        assert list(intake.quarantine.cases.ids()) == [], "what was forgotten opens nowhere any more"
    assert wanted(intake) <= set(intake.quarantine.keys()), "nothing that somebody may still ask for is gone"
    assert list(intake.work_dir.iterdir()) == []
    assert intake.database.read_now(audit.verify).broken_at is None
    assert traces(intake.data) == []


def nothing_is_half_written_or_plain(intake: Intake, made: Made) -> None:
    for folder in intake.assets_dir.iterdir():
        assert contents(folder) == contents(made.folder)
    plain = [jpeg[-200:] for _stated, jpeg in made.pictures()._pictures]
    for path in filter(Path.is_file, intake.data.rglob("*")):
        assert not any(jpeg in path.read_bytes() for jpeg in plain), path.name


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def status_is_true(intake: Intake) -> None:
    """What ``slidereel quarantine status`` says is what lies there for somebody."""
    found = intake.quarantine.inventory()
    assert found.file_count == len(wanted(intake))
    assert intake.database.read_now(catalog.unused_cases) == []
    assert (found.broken_count, found.erased_count, found.leftover_count) == (0, 0, 0)
    assert not found.is_key_being_replaced
