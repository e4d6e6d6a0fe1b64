"""From a file to a released asset, and everything that can be decided on the way."""

import os
from pathlib import Path

import pytest

from server import audit, catalog, jobs
from server.catalog import AssetKind, State
from server.config import Settings
from server.db import Database
from server.errors import InvalidInputError, NotFoundError, OutOfSpaceError, WrongStateError
from server.ingest import space
from server.ingest.convert_job import run_job
from server.ingest.intake import Intake
from server.ingest.recovery import recover
from tests.server.conftest import BY
from tests.server.ingest.slides import NAMED, svs, traces
from tiling.canonical import open_canonical

WHAT = ("slide", "video")


def convert(intake: Intake, slide: Path, owner: jobs.Owner, case: str | None = None) -> catalog.Asset:
    arrival = intake.take_file(slide, case, BY, owner_id=owner.owner_id)
    return run_job(intake, arrival.job)


def actions(database: Database, subject_id: str) -> list[str]:
    return [e.action for e in reversed(database.read_now(lambda c: audit.events(c, subject_id=subject_id)))]


def test_a_slide_goes_from_file_to_release(
    intake: Intake, slide: Path, owner: jobs.Owner, database: Database
) -> None:
    sealed: list[tuple[int, int]] = []
    arrival = intake.take_file(
        slide, "CASE 7", BY, owner_id=owner.owner_id, progress=lambda *p: sealed.append(p)
    )
    assert sealed[-1] == (slide.stat().st_size, slide.stat().st_size)
    assert intake.asset(arrival.asset_id).state is State.QUARANTINED

    stages: list[str] = []
    asset = run_job(intake, arrival.job, watch=lambda stage, _done, _total: stages.append(stage))
    assert asset.state is State.AWAITING_RELEASE
    assert stages[0] == "converting"
    assert (asset.width_px, asset.height_px, asset.mpp, asset.objective_power) == (300, 200, 0.252, 40.0)
    assert asset.case_name == "CASE 7"
    assert asset.source_suffix == ".svs"
    assert asset.report is not None and asset.report["canonical_sha256"] == asset.canonical_sha256
    with open_canonical(intake.assets_dir / asset.asset_id) as canonical:
        assert canonical.info.width_px == 300
    assert list(intake.quarantine.keys()) == [asset.asset_id]

    released = intake.release(asset.asset_id, BY)
    assert released.state is State.RELEASED
    assert released.released_at is not None
    assert list(intake.quarantine.keys()) == []
    assert list(intake.work_dir.iterdir()) == []
    assert actions(database, asset.asset_id) == ["asset.received", "asset.converted", "asset.released"]
    assert database.read_now(audit.verify).broken_at is None


def test_nothing_of_the_patient_is_in_the_data_folder_at_any_stage(
    intake: Intake, slide: Path, owner: jobs.Owner, settings: Settings
) -> None:
    assert len({text for _, text in traces(slide.parent)}) == len(NAMED), "the search finds what is there"
    seen: list[tuple[str, str]] = []
    arrival = intake.take_file(
        slide,
        "CASE",
        BY,
        owner_id=owner.owner_id,
        progress=lambda _done, _total: seen.extend(traces(settings.data)),
    )
    run_job(intake, arrival.job, watch=lambda *_: seen.extend(traces(settings.data)))
    seen += traces(settings.data)
    intake.release(arrival.asset_id, BY)
    assert seen + traces(settings.data) == []


def test_the_original_is_kept_where_the_settings_say_so(
    settings: Settings, intake: Intake, slide: Path, owner: jobs.Owner
) -> None:
    asset = convert(intake, slide, owner)
    keeping = Intake(Settings(data=settings.data, keep_originals=True), intake.ambient, intake.database)
    keeping.release(asset.asset_id, BY)
    # Neither a start with these settings nor one without them destroys what was kept by decision.
    recover(keeping)
    recover(intake)
    with keeping.quarantine.reader(asset.asset_id) as reader:
        assert reader.read_at(0, reader.size_bytes) == slide.read_bytes()


def test_an_asset_is_released_once(intake: Intake, slide: Path, owner: jobs.Owner) -> None:
    asset = convert(intake, slide, owner)
    intake.release(asset.asset_id, BY)
    with pytest.raises(WrongStateError, match="released"):
        intake.release(asset.asset_id, BY)
    with pytest.raises(WrongStateError):
        intake.discard(asset.asset_id, BY)
    with pytest.raises(WrongStateError):
        intake.retry(asset.asset_id, BY)


@pytest.mark.parametrize("decision", ["release", "cancel", "retry", "discard"])
def test_what_does_not_exist_cannot_be_decided_about(intake: Intake, decision: str) -> None:
    with pytest.raises(NotFoundError):
        getattr(intake, decision)("0123456789abcdef", BY)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "not-a-slide"),
        (b"this is a letter, not a slide", "not-a-slide"),
        (b"II*\0\xff\xff\xff\xff", "corrupt-slide"),
    ],
)
def test_a_bad_file_is_refused_with_a_sentence_and_stays_in_quarantine(
    intake: Intake, owner: jobs.Owner, tmp_path: Path, content: bytes, kind: str, database: Database
) -> None:
    bad = tmp_path / "Quixote_Dulcinea.svs"
    bad.write_bytes(content)
    asset = convert(intake, bad, owner)
    assert asset.state is State.REFUSED
    assert asset.problem is not None
    assert asset.problem.kind == kind
    assert asset.problem.detail[0].isupper() and asset.problem.detail.endswith(".")
    assert len(asset.problem.reference) == 8
    assert list(intake.quarantine.keys()) == [asset.asset_id]
    assert list(intake.work_dir.iterdir()) == list(intake.assets_dir.iterdir()) == []
    with pytest.raises(WrongStateError):
        intake.release(asset.asset_id, BY)

    again = intake.retry(asset.asset_id, BY, owner.owner_id)
    assert intake.asset(asset.asset_id).problem is None
    assert run_job(intake, again.job).state is State.REFUSED
    discarded = intake.discard(asset.asset_id, BY)
    assert discarded.state is State.DISCARDED
    assert list(intake.quarantine.keys()) == []
    assert actions(database, asset.asset_id) == [
        "asset.received",
        "asset.refused",
        "asset.retried",
        "asset.refused",
        "asset.discarded",
    ]


def test_a_truncated_slide_is_refused(intake: Intake, owner: jobs.Owner, slide: Path) -> None:
    os.truncate(slide, slide.stat().st_size // 2)
    assert convert(intake, slide, owner).state is State.REFUSED


def test_the_reference_in_the_answer_is_the_one_in_the_log(
    intake: Intake, owner: jobs.Owner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "x.svs"
    bad.write_bytes(b"nothing")
    problem = convert(intake, bad, owner).problem
    assert problem is not None
    assert problem.reference in capsys.readouterr().out


def test_what_is_not_a_readable_file_leaves_nothing(intake: Intake, tmp_path: Path) -> None:
    for path in (tmp_path / "absent.svs", tmp_path):
        with pytest.raises(InvalidInputError) as refused:
            intake.take_file(path, None, BY)
        assert "absent" not in str(refused.value)
    os.mkfifo(tmp_path / "fifo")
    fifo = os.open(tmp_path / "fifo", os.O_RDWR)
    with pytest.raises(InvalidInputError, match="regular"):
        intake.take_file(tmp_path / "fifo", None, BY)
    os.close(fifo)
    assert list(intake.quarantine.keys()) == []


def test_cancelling_before_it_starts_and_starting_again(
    intake: Intake, slide: Path, owner: jobs.Owner
) -> None:
    arrival = intake.take_file(slide, None, BY)
    cancelled = intake.cancel(arrival.asset_id, BY)
    assert cancelled.state is State.QUARANTINED
    assert cancelled.problem is not None and cancelled.problem.kind == "cancelled"
    with pytest.raises(WrongStateError):
        intake.cancel(arrival.asset_id, BY)
    again = intake.retry(arrival.asset_id, BY, owner.owner_id)
    with pytest.raises(WrongStateError):
        intake.retry(arrival.asset_id, BY)
    assert run_job(intake, again.job).state is State.AWAITING_RELEASE


def test_cancelling_a_conversion_stops_it(intake: Intake, tmp_path: Path, owner: jobs.Owner) -> None:
    slide = svs(tmp_path / "large", width_px=4000, height_px=3000)
    arrival = intake.take_file(slide, None, BY, owner_id=owner.owner_id)
    asked: list[str] = []

    def watch(stage: str, _done: int, _total: int) -> None:
        if not asked:
            asked.append(stage)
            intake.cancel(arrival.asset_id, BY)

    asset = run_job(intake, arrival.job, watch=watch)
    assert asked
    assert asset.state is State.QUARANTINED
    assert asset.problem is not None and asset.problem.kind == "cancelled"
    assert list(intake.work_dir.iterdir()) == list(intake.assets_dir.iterdir()) == []
    assert intake.discard(asset.asset_id, BY).state is State.DISCARDED


def test_what_is_being_converted_is_not_discarded(intake: Intake, slide: Path, owner: jobs.Owner) -> None:
    arrival = intake.take_file(slide, None, BY, owner_id=owner.owner_id)
    with pytest.raises(WrongStateError, match="cancel it first"):
        intake.discard(arrival.asset_id, BY)


def test_an_orderly_stop_gives_the_job_back(
    intake: Intake, slide: Path, owner: jobs.Owner, database: Database
) -> None:
    arrival = intake.take_file(slide, None, BY, owner_id=owner.owner_id)
    asset = run_job(intake, arrival.job, should_stop=lambda: True)
    assert asset.state is State.QUARANTINED
    job = database.read_now(lambda c: jobs.latest_jobs(c, [asset.asset_id]))[asset.asset_id]
    assert (job.state, job.attempts) == (jobs.JobState.QUEUED, 0)


def test_a_full_disk_is_said_before_anything_is_written(
    intake: Intake, slide: Path, settings: Settings
) -> None:
    greedy = Intake(Settings(data=settings.data, reserve_mib=1 << 30), intake.ambient, intake.database)
    with pytest.raises(OutOfSpaceError, match="must stay free"):
        greedy.take_file(slide, None, BY)
    assert list(intake.quarantine.keys()) == []


def test_a_disk_that_fills_up_during_conversion_stops_it_and_it_can_be_started_again(
    intake: Intake, slide: Path, owner: jobs.Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrival = intake.take_file(slide, None, BY, owner_id=owner.owner_id)
    free = iter([1 << 50])
    monkeypatch.setattr("server.ingest.convert_job.free_bytes", lambda _folder: next(free, 0))
    asset = run_job(intake, arrival.job)
    assert asset.state is State.QUARANTINED
    assert asset.problem is not None and asset.problem.kind == "out-of-space"
    assert list(intake.work_dir.iterdir()) == list(intake.assets_dir.iterdir()) == []

    monkeypatch.setattr("server.ingest.convert_job.free_bytes", space.free_bytes)
    again = intake.retry(arrival.asset_id, BY, owner.owner_id)
    assert run_job(intake, again.job).state is State.AWAITING_RELEASE


def test_a_damaged_sealed_file_is_refused(intake: Intake, slide: Path, owner: jobs.Owner) -> None:
    arrival = intake.take_file(slide, None, BY, owner_id=owner.owner_id)
    sealed = intake.quarantine.path(arrival.asset_id)
    body = bytearray(sealed.read_bytes())
    body[-100] ^= 1
    sealed.write_bytes(body)
    asset = run_job(intake, arrival.job)
    assert asset.state is State.REFUSED
    assert asset.problem is not None and asset.problem.kind == "quarantine"


@pytest.mark.parametrize("name", ["", "   ", None])
def test_without_a_case_it_goes_to_the_unsorted_ones(intake: Intake, slide: Path, name: str | None) -> None:
    assert intake.asset(intake.take_file(slide, name, BY).asset_id).case_name == "Unsorted"


@pytest.mark.parametrize("name", ["x" * 81, "a\nb", "a\0b", "\u202eevil"])
def test_a_case_name_that_cannot_be_printed_is_refused(intake: Intake, slide: Path, name: str) -> None:
    with pytest.raises(InvalidInputError):
        intake.take_file(slide, name, BY)
    assert list(intake.quarantine.keys()) == []


def test_a_case_name_is_data_and_may_look_like_anything(intake: Intake, slide: Path) -> None:
    for name in ("<script>alert(1)</script>", "../../etc/passwd", "'; DROP TABLE asset; --", "Fall „7“ 😐"):
        assert intake.asset(intake.take_file(slide, name, BY).asset_id).case_name == name


def test_a_file_name_may_be_anything(intake: Intake, tmp_path: Path, owner: jobs.Owner) -> None:
    for number, name in enumerate(
        ["<img src=x onerror=alert(1)>.svs", "a\nb\x1b[31m.svs", "ü😐 - .SVS", "x" * 250]
    ):
        slide = svs(tmp_path / str(number), name=name)
        assert convert(intake, slide, owner).state is State.AWAITING_RELEASE
    # Bytes that are no text at all.
    odd = os.fsencode(tmp_path) + b"/\xff\xfe\x80.svs"
    os.rename(slide, odd)  # noqa: PTH104 - such a name needs bytes
    assert convert(intake, Path(os.fsdecode(odd)), owner).state is State.AWAITING_RELEASE


@pytest.mark.slow
def test_every_malformed_file_ends_in_a_clean_refusal(
    shared_data: Path, intake: Intake, owner: jobs.Owner
) -> None:
    kinds = {"not-a-slide", *(f"{why}-{what}" for why in ("corrupt", "unsupported") for what in WHAT)}
    kinds |= {f"{what}-too-large" for what in WHAT}
    shown = []
    for path in sorted((shared_data / "malformed").iterdir()):
        asset = convert(intake, path, owner)
        if asset.kind is AssetKind.VIDEO and asset.state is State.AWAITING_RELEASE:
            # The good part of a damaged clip: nobody sees it before a person has confirmed what is missing.
            assert asset.report is not None and asset.report["losses"], path.name
            shown.append(asset.asset_id)
            continue
        assert asset.state is State.REFUSED, path.name
        assert asset.problem is not None
        assert asset.problem.kind in kinds
        assert path.stem not in asset.problem.detail
    assert list(intake.work_dir.iterdir()) == []
    assert sorted(folder.name for folder in intake.assets_dir.iterdir()) == sorted(shown)
    assert len(shown) <= 1
