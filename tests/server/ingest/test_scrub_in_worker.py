"""The scrub through the real worker: what is found is masked and shown sealed, whose it is stays hidden."""

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from ground.finding import Box, ReviewPicture
from ground.picture_text import TextFinderError
from server import jobs
from server.catalog import Asset, State
from server.config import Settings
from server.db import Database
from server.deid.pseudonyms import PseudonymError
from server.deid.report import report_json, scrub_report
from server.deid.report_page import report_html
from server.deid.review_pictures import list_review
from server.errors import NotFoundError
from server.ingest import conversion, convert_job, worker
from server.ingest.convert_job import run_job
from server.ingest.intake import Intake
from server.ingest.plan import Converted, Outcome, Plan, Progress, Refused
from tests.server.conftest import BY
from tests.server.ingest.slides import svs, traces
from tests.server.ingest.test_intake import convert
from tests.video.clips import make
from tests.video.dicom.dicom_clips import dicom_loop, pictures
from tiling.errors import VerificationError

BURNED_IN = "orthanc-Issue164-87fr-burnedname.dcm"
NAMES = ("Elek", "Teszt", "267879SU5")


def scrub_of(asset: Asset) -> dict:
    assert asset.report is not None
    return asset.report["scrub"]


def masked(asset: Asset) -> set[str]:
    return {finding["reason"] for finding in scrub_of(asset)["findings"] if finding["is_masked"]}


@pytest.mark.slow
def test_a_real_loop_with_a_name_in_it_comes_out_masked_under_a_pseudonym(
    intake: Intake, owner: jobs.Owner, shared_data: Path, settings: Settings
) -> None:
    asset = convert(intake, shared_data / "ultrasound" / BURNED_IN, owner)
    assert (asset.state, asset.frame_count, asset.problem) == (State.AWAITING_RELEASE, 87, None)
    assert scrub_of(asset)["material"] == "ultrasound"
    assert scrub_of(asset)["residual_text"] == 0
    assert "outside_regions" in masked(asset) or "outside_sector" in masked(asset)
    assert asset.subject is not None and asset.subject.startswith("P-")
    assert asset.acquired_on is not None and not asset.acquired_on.startswith("2020-01-14")
    assert traces(settings.data, NAMES) == []

    again = convert(intake, shared_data / "ultrasound" / BURNED_IN, owner)
    assert (again.subject, again.acquired_on) == (asset.subject, asset.acquired_on)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "has_names"),
    [
        ("derived/us-burnedname-h264.mp4", True),
        ("ultrasound/orthanc-Issue19-ATL-burnedtext.dcm", True),
        ("ultrasound/Pneu-Atlas-pneumonia.gif", False),
    ],
)
def test_real_files_of_other_kinds_end_with_what_was_found_masked(
    intake: Intake, owner: jobs.Owner, shared_data: Path, name: str, has_names: bool
) -> None:
    asset = convert(intake, shared_data / name, owner)
    assert (asset.state, asset.problem) == (State.AWAITING_RELEASE, None)
    scrub = scrub_of(asset)
    assert scrub["residual_text"] == 0
    assert all(finding["is_masked"] for finding in scrub["findings"])
    assert not has_names or (scrub["material"] == "ultrasound" and scrub["findings"])


def test_what_has_to_be_made_a_second_time_goes_back_a_stage(
    intake: Intake, slide: Path, owner: jobs.Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where text is still found in the result, the wing masks that too and begins anew."""
    original = convert_job.conversion.run
    seen: list[tuple[str, State]] = []

    def twice(plan: Plan, *, tick: conversion.Tick, **how: Any) -> Outcome:
        for stage in ("looking", "converting", "verifying", "converting", "verifying"):
            assert tick(Progress(stage, 1, 2, "slide")) is None
            seen.append((stage, intake.asset(asset_id).state))
        return original(plan, tick=tick, **how)

    monkeypatch.setattr(convert_job.conversion, "run", twice)
    arrival = intake.take_file(slide, None, BY, owner_id=owner.owner_id)
    asset_id = arrival.asset_id
    assert run_job(intake, arrival.job).state is State.AWAITING_RELEASE
    converting, verifying = State.CONVERTING, State.VERIFYING
    assert [state for _, state in seen] == [converting, converting, verifying, converting, verifying]


def test_the_pictures_for_the_reviewer_are_sealed_and_die_with_the_original(
    intake: Intake, owner: jobs.Owner, tmp_path: Path
) -> None:
    clip = make("surgery_with_everything")
    file = tmp_path / f"Dulcinea{clip.suffix}"
    file.write_bytes(clip.data)
    asset = convert(intake, file, owner)
    assert asset.state is State.AWAITING_RELEASE, asset.problem
    review = intake.review_path(asset.asset_id)
    sealed, _ = intake.quarantine.describe(asset.asset_id)
    stated = scrub_of(asset)["pictures"]
    assert [meta["name"] for meta in list_review(review, sealed.data_key)] == [one["name"] for one in stated]
    assert b"\xff\xd8\xff" not in review.read_bytes(), "no picture lies there in the plain"
    picture = intake.picture_before(asset.asset_id, stated[0]["name"])
    assert picture.startswith(b"\xff\xd8")

    intake.release(asset.asset_id, BY)
    assert not review.exists()
    with pytest.raises(NotFoundError):
        intake.picture_before(asset.asset_id, stated[0]["name"])


@pytest.mark.slow
def test_a_reviewer_s_box_is_masked_and_a_second_scrub_takes_it_back(
    intake: Intake, owner: jobs.Owner, tmp_path: Path
) -> None:
    clip = make("surgery_with_everything")
    file = tmp_path / f"Dulcinea{clip.suffix}"
    file.write_bytes(clip.data)
    asset_id = convert(intake, file, owner).asset_id
    first = intake.asset(asset_id).canonical_sha256
    box = Box(8, 8, 24, 24)
    boxed = run_job(intake, intake.scrub_again(asset_id, BY, add=[box], owner_id=owner.owner_id).job)
    assert boxed.state is State.AWAITING_RELEASE, boxed.problem
    assert "reviewer" in masked(boxed)
    assert boxed.canonical_sha256 != first
    plain = run_job(intake, intake.scrub_again(asset_id, BY, owner_id=owner.owner_id).job)
    assert plain.canonical_sha256 == first


def test_a_slide_s_findings_and_pictures_wait_for_the_reviewer(
    intake: Intake, owner: jobs.Owner, tmp_path: Path
) -> None:
    asset = convert(intake, svs(tmp_path / "scanner"), owner)
    scrub = scrub_of(asset)
    assert scrub["material"] == "slide" and scrub["detector"]
    for picture in scrub["pictures"]:
        assert intake.picture_before(asset.asset_id, picture["name"]).startswith(b"\xff\xd8")


def test_a_detector_that_fails_leaves_the_asset_in_quarantine_to_be_started_again(
    intake: Intake,
    slide: Path,
    owner: jobs.Owner,
    monkeypatch: pytest.MonkeyPatch,
    database: Database,
) -> None:
    failed = Refused("text-search-failed", "The detector failed.")

    def fail(*_args: object, **_more: object) -> Outcome:
        return failed

    monkeypatch.setattr(convert_job.conversion, "run", fail)
    arrival = intake.take_file(slide, None, BY, owner_id=owner.owner_id)
    asset = run_job(intake, arrival.job)
    assert asset.state is State.QUARANTINED
    assert asset.problem is not None and asset.problem.kind == "text-search-failed"
    assert list(intake.assets_dir.iterdir()) == []
    monkeypatch.undo()
    again = intake.retry(asset.asset_id, BY, owner.owner_id)
    assert run_job(intake, again.job).state is State.AWAITING_RELEASE


def run_here(plan: Plan, **_more: object) -> Outcome:
    """What the worker does, in the process of the test."""
    message = worker.work(plan, worker._Reporter(io.BytesIO()))
    assert not isinstance(message, Progress)
    return message


def test_what_could_not_be_proved_clean_still_shows_the_reviewer_where_to_draw(
    intake: Intake, slide: Path, owner: jobs.Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def convert_in_vain(*_args: object, review: Callable[[ReviewPicture], None], **_more: object) -> None:
        review(ReviewPicture("thumbnail", np.zeros((20, 30, 3), np.uint8), scale=10.0))
        raise VerificationError("text is still found in the pictures of the result")

    monkeypatch.setattr(convert_job.conversion, "run", run_here)
    monkeypatch.setattr(worker.slide_conversion, "convert", convert_in_vain)
    asset = convert(intake, slide, owner)
    assert asset.state is State.REFUSED
    assert asset.problem is not None and asset.problem.kind == "not-proved-clean"
    (stated,) = intake.pictures_before(asset.asset_id)
    assert (stated["name"], stated["scale"]) == ("thumbnail", 10.0)
    assert intake.picture_before(asset.asset_id, "thumbnail").startswith(b"\xff\xd8")
    monkeypatch.undo()
    arrival = intake.scrub_again(asset.asset_id, BY, add=[Box(0, 0, 9_000, 9)], owner_id=owner.owner_id)
    assert run_job(intake, arrival.job).state is State.AWAITING_RELEASE
    intake.quarantine.destroy(asset.asset_id)
    assert intake.pictures_before(asset.asset_id) == ()


def test_the_worker_says_so_when_the_detector_fails(
    intake: Intake, slide: Path, owner: jobs.Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the process of the test, where the detector can be made to fail as it would in the worker."""

    def fail(*, threads: int) -> None:
        raise TextFinderError(f"The weights of the text detector are damaged, for {threads} threads.")

    monkeypatch.setattr("ground.ppocr.open_text_finder", fail)
    monkeypatch.setattr(convert_job.conversion, "run", run_here)
    asset = run_job(intake, intake.take_file(slide, None, BY, owner_id=owner.owner_id).job)
    assert asset.state is State.QUARANTINED
    assert asset.problem is not None and asset.problem.kind == "text-search-failed"
    assert "nothing can be said to be clean" in asset.problem.detail


def test_a_file_that_says_more_than_can_be_searched_for_is_refused_and_stays_sealed(
    intake: Intake, slide: Path, owner: jobs.Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ground.removed.MOST_VALUES", 3)
    monkeypatch.setattr(convert_job.conversion, "run", run_here)
    asset = convert(intake, slide, owner)
    assert asset.state is State.REFUSED
    assert asset.problem is not None and asset.problem.kind == "not-proved-clean"
    assert asset.problem.detail == "The file holds more texts than the result can be searched for."
    assert list(intake.quarantine.keys()) == [asset.asset_id]


@pytest.mark.slow
def test_two_studies_of_one_patient_keep_the_days_between_them_and_their_reports_tell_no_day(
    intake: Intake, owner: jobs.Owner, tmp_path: Path, settings: Settings
) -> None:
    def study(number: str, day: str) -> Asset:
        path = tmp_path / f"{number}-{day}.dcm"
        path.write_bytes(dicom_loop(pictures(), PatientID=number, PatientName="Quixote", StudyDate=day))
        return convert(intake, path, owner)

    first, second, other = (
        study("MRN-77120934", "20190228"),
        study("MRN-77120934", "20200301"),
        study("MRN-55810001", "20190228"),
    )
    assert first.subject == second.subject != other.subject
    days = [date.fromisoformat(asset.acquired_on or "") for asset in (first, second, other)]
    assert (days[1] - days[0]).days == 367, "2020 has a 29th of February"
    assert days[0] not in (date(2019, 2, 28), days[2])
    assert traces(settings.data, ["MRN-77120934", "20190228", "2019-02-28", "Quixote"]) == []
    for asset in (first, second):
        document = scrub_report(asset, (), intake.signer, software_version="1")
        text = report_json(document) + report_html(document)
        assert asset.acquired_on is not None and asset.acquired_on in text
        assert not [value for value in ("MRN-77120934", "20190228", "20200301", "Quixote") if value in text]


def test_a_pseudonym_and_a_shifted_day_are_all_that_is_stored_of_the_patient(
    intake: Intake,
    slide: Path,
    owner: jobs.Owner,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    digest, day = "5d" * 32, "2019-05-17"
    original = convert_job.conversion.run

    def of_somebody(plan: Plan, **how: Any) -> Outcome:
        ended = original(plan, **how)
        assert isinstance(ended, Converted)
        return Converted(ended.kind, ended.report, digest, day)

    monkeypatch.setattr(convert_job.conversion, "run", of_somebody)
    asset = convert(intake, slide, owner)
    patient = intake.pseudonyms.patient(digest)
    assert asset.subject == patient.name
    assert asset.acquired_on is not None
    moved = date.fromisoformat(asset.acquired_on) - date.fromisoformat(day)
    assert moved.days == patient.shift_days != 0
    assert traces(settings.data, [day]) == []
    # The digest lies in the file of the pseudonyms, and nowhere else.
    assert {name for name, _ in traces(settings.data, [digest])} == {"pseudonyms.sqlite"}
    assert digest not in repr(Converted("slide", {}, digest, day))
    assert digest not in capsys.readouterr().out


def test_pseudonyms_that_cannot_be_used_keep_the_asset_in_quarantine(
    intake: Intake, slide: Path, owner: jobs.Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise PseudonymError("The file of pseudonyms cannot be used.")

    original = convert_job.conversion.run
    monkeypatch.setattr(
        convert_job.conversion,
        "run",
        lambda plan, **how: msgspec.structs.replace(original(plan, **how), subject_digest="ab" * 32),
    )
    monkeypatch.setattr(type(intake.pseudonyms), "patient", fail)
    asset = convert(intake, slide, owner)
    assert asset.state is State.QUARANTINED
    assert asset.problem is not None and asset.problem.kind == "pseudonyms-unavailable"
    assert list(intake.assets_dir.iterdir()) == []
    monkeypatch.undo()
    again = intake.retry(asset.asset_id, BY, owner.owner_id)
    assert run_job(intake, again.job).state is State.AWAITING_RELEASE
