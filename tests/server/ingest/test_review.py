"""What a reviewer decides, and that nothing else releases an asset."""

from dataclasses import replace
from pathlib import Path

import pytest

from ground.finding import Box
from server import audit, catalog, jobs
from server.accounts import Doer
from server.catalog import State
from server.config import Settings
from server.db import Database
from server.db.schema import account
from server.deid.policy import built_in_text
from server.errors import (
    AlreadySignedError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    WrongStateError,
)
from server.ingest import convert_job
from server.ingest.convert_job import run_job
from server.ingest.intake import Intake
from server.ingest.recovery import recover
from tests.server.conftest import BY, add_officer
from tests.server.ingest.test_intake import actions, convert
from tests.server.ingest.test_recovery import DiedError, claim_and_run, dead_owner

ANNA, BRUNO = Doer("u1", "anna", "10.0.0.1"), Doer("u2", "bruno", "10.0.0.2")
BOX = Box(1, 2, 30, 40)


@pytest.fixture(autouse=True)
def officers(database: Database) -> None:
    for by in (ANNA, BRUNO):
        add_officer(database, by)


def take_away(database: Database, by: Doer, **values: object) -> None:
    change = account.update().where(account.c.account_id == by.account_id).values(**values)
    database.write_now(lambda c: c.execute(change))


def scrub_again(intake: Intake, asset_id: str, owner: jobs.Owner, **how) -> catalog.Asset:
    return run_job(intake, intake.scrub_again(asset_id, BY, owner_id=owner.owner_id, **how).job)


def test_one_signature_releases_by_the_standard_profile(
    intake: Intake, slide: Path, owner: jobs.Owner, database: Database
) -> None:
    asset = convert(intake, slide, owner)
    assert asset.profile == "standard"
    assert asset.report is not None and asset.report["policy"]["digest"] == intake.policy.digest
    released = intake.release(asset.asset_id, ANNA)
    assert (released.state, released.signature_count, released.released_by) == (State.RELEASED, 1, "u1")
    event = database.read_now(lambda c: audit.events(c, subject_id=asset.asset_id, limit=1))[0]
    assert (event.action, event.detail["signatures"]) == ("asset.released", 1)


def test_the_strict_profile_waits_for_a_second_person(
    intake: Intake, slide: Path, owner: jobs.Owner, database: Database
) -> None:
    asset_id = run_job(
        intake, intake.take_file(slide, None, BY, profile="strict", owner_id=owner.owner_id).job
    ).asset_id
    assert intake.release(asset_id, ANNA).state is State.AWAITING_RELEASE
    assert list(intake.quarantine.keys()) == [asset_id], "the original stays until it is released"
    with pytest.raises(AlreadySignedError):
        intake.release(asset_id, replace(ANNA, name="anna by another name"))
    assert intake.asset(asset_id).signature_count == 1
    released = intake.release(asset_id, BRUNO)
    assert (released.state, released.signature_count) == (State.RELEASED, 2)
    assert list(intake.quarantine.keys()) == []
    assert actions(database, asset_id)[-2:] == ["asset.signed", "asset.released"]


@pytest.mark.parametrize("loss", [{"role": "annotator"}, {"role": "wizard"}, {"disabled_at": "2026-11-21"}])
def test_a_signature_counts_for_as_long_as_its_signer_may_release(
    intake: Intake, slide: Path, owner: jobs.Owner, database: Database, loss: dict[str, str]
) -> None:
    arrival = intake.take_file(slide, None, BY, profile="strict", owner_id=owner.owner_id)
    run_job(intake, arrival.job)
    intake.release(arrival.asset_id, ANNA)
    take_away(database, ANNA, **loss)
    with pytest.raises(ForbiddenError):
        intake.release(arrival.asset_id, ANNA)
    signed = intake.release(arrival.asset_id, BRUNO)
    assert (signed.state, signed.signature_count) == (State.AWAITING_RELEASE, 1)
    event = database.read_now(lambda c: audit.events(c, subject_id=arrival.asset_id, limit=1))[0]
    assert event.detail == {
        "canonical_sha256": signed.canonical_sha256,
        "was_named": False,
        "profile": "strict",
        "signatures": 1,
        "signatures_void": 1,
        "needed": 2,
    }
    assert intake.release(arrival.asset_id, BY).state is State.RELEASED


def test_the_command_line_signs_once(intake: Intake, slide: Path, owner: jobs.Owner) -> None:
    arrival = intake.take_file(slide, None, BY, profile="strict", owner_id=owner.owner_id)
    run_job(intake, arrival.job)
    intake.release(arrival.asset_id, BY)
    with pytest.raises(AlreadySignedError):
        intake.release(arrival.asset_id, BY)
    assert intake.release(arrival.asset_id, ANNA).state is State.RELEASED


def test_a_profile_that_the_policy_does_not_have_is_refused_before_anything_is_taken(
    intake: Intake, slide: Path
) -> None:
    with pytest.raises(InvalidInputError, match="profile"):
        intake.take_file(slide, None, BY, profile="lax")
    with pytest.raises(InvalidInputError, match="profile"):
        intake.uploads.create(BY, 5, "x.svs", None, profile="lax")
    assert list(intake.quarantine.keys()) == []


def test_signatures_are_void_after_another_scrub(
    intake: Intake, slide: Path, owner: jobs.Owner, database: Database
) -> None:
    """Even where the bytes come out the same: whoever signed has not seen the new findings."""
    arrival = intake.take_file(slide, None, BY, profile="strict", owner_id=owner.owner_id)
    run_job(intake, arrival.job)
    intake.release(arrival.asset_id, ANNA)
    again = scrub_again(intake, arrival.asset_id, owner)
    assert (again.state, again.profile, again.signature_count) == (State.AWAITING_RELEASE, "strict", 0)
    assert intake.release(arrival.asset_id, ANNA).state is State.AWAITING_RELEASE
    assert intake.release(arrival.asset_id, BRUNO).state is State.RELEASED
    assert actions(database, arrival.asset_id) == [
        "asset.received",
        "asset.converted",
        "asset.signed",
        "asset.scrub_again",
        "asset.converted",
        "asset.signed",
        "asset.released",
    ]


def test_a_rejected_asset_keeps_its_original_and_is_scrubbed_again_by_a_stricter_profile(
    intake: Intake, slide: Path, owner: jobs.Owner, database: Database
) -> None:
    asset = convert(intake, slide, owner)
    rejected = intake.reject(asset.asset_id, "identity-visible", ANNA)
    assert rejected.state is State.REFUSED
    assert rejected.problem is not None and rejected.problem.kind == "rejected"
    assert list(intake.assets_dir.iterdir()) == []
    assert list(intake.quarantine.keys()) == [asset.asset_id]
    with pytest.raises(WrongStateError):
        intake.release(asset.asset_id, ANNA)
    recover(intake)
    assert list(intake.quarantine.keys()) == [asset.asset_id]

    again = scrub_again(intake, asset.asset_id, owner, profile="strict", add=[BOX])
    assert (again.state, again.profile, again.problem) == (State.AWAITING_RELEASE, "strict", None)
    assert intake.release(asset.asset_id, ANNA).state is State.AWAITING_RELEASE, "strict asks for two"
    event = database.read_now(lambda c: audit.events(c, subject_id=asset.asset_id, limit=3))[-1]
    assert (event.action, event.detail["profile"], event.detail["added"]) == (
        "asset.scrub_again",
        "strict",
        1,
    )


def test_boxes_of_a_new_scrub_replace_the_earlier_ones(
    intake: Intake, slide: Path, owner: jobs.Owner
) -> None:
    asset_id = convert(intake, slide, owner).asset_id
    intake.scrub_again(asset_id, BY, add=[BOX, Box(5, 5, 9, 9)], remove=[BOX])
    review = intake.asset(asset_id).review
    assert review is not None
    assert [Box(**box) for box in review["added"]] == [BOX, Box(5, 5, 9, 9)]
    intake.cancel(asset_id, BY)
    intake.scrub_again(asset_id, BY, profile="strict", remove=[BOX])
    asset = intake.asset(asset_id)
    assert asset.review is not None and asset.review["added"] == []
    assert [Box(**box) for box in asset.review["removed"]] == [BOX]


@pytest.mark.parametrize(
    "box",
    [Box(5, 5, 5, 9), Box(9, 5, 5, 9), Box(-1, 0, 5, 5), Box(0, 0, 1 << 25, 5), Box(0, 0, 5, 5, 7, 6)],
)
def test_what_is_no_box_is_refused(intake: Intake, slide: Path, owner: jobs.Owner, box: Box) -> None:
    asset_id = convert(intake, slide, owner).asset_id
    with pytest.raises(InvalidInputError, match="box"):
        intake.scrub_again(asset_id, BY, add=[box])
    assert intake.asset(asset_id).state is State.AWAITING_RELEASE


def test_what_is_released_discarded_or_in_work_is_not_scrubbed_again(
    intake: Intake, slide: Path, owner: jobs.Owner
) -> None:
    arrival = intake.take_file(slide, None, BY, owner_id=owner.owner_id)
    with pytest.raises(WrongStateError, match="worked on"):
        intake.scrub_again(arrival.asset_id, BY)
    run_job(intake, arrival.job)
    intake.release(arrival.asset_id, BY)
    gone = convert(intake, slide, owner).asset_id
    intake.discard(gone, BY)
    for asset_id in (arrival.asset_id, gone):
        for decide in (intake.scrub_again, lambda asset_id, by: intake.reject(asset_id, "other", by)):
            with pytest.raises(WrongStateError):
                decide(asset_id, BY)
    with pytest.raises(NotFoundError):
        intake.reject("nothing", "other", BY)
    with pytest.raises(InvalidInputError, match="identity-visible"):
        intake.reject(gone, "because Dulcinea is seen", BY)


def test_the_old_result_is_not_there_while_the_new_one_is_made(
    intake: Intake, slide: Path, owner: jobs.Owner
) -> None:
    asset_id = convert(intake, slide, owner).asset_id
    intake.scrub_again(asset_id, BY)
    waiting = intake.asset(asset_id)
    assert (waiting.state, waiting.report, waiting.canonical_sha256) == (State.QUARANTINED, None, None)
    assert list(intake.assets_dir.iterdir()) == []


def test_an_asset_that_was_converted_before_there_was_a_scrub_must_be_scrubbed_first(
    intake: Intake, slide: Path, owner: jobs.Owner, database: Database
) -> None:
    asset = convert(intake, slide, owner)
    before = {key: value for key, value in (asset.report or {}).items() if key != "policy"}
    values = {"report": before, "profile": None}
    database.write_now(lambda c: catalog.update_asset(c, intake.ambient, asset.asset_id, values))
    with pytest.raises(WrongStateError, match="scrub it again"):
        intake.release(asset.asset_id, BY)
    scrub_again(intake, asset.asset_id, owner)
    assert intake.release(asset.asset_id, BY).state is State.RELEASED


def test_a_policy_that_has_become_stricter_counts_for_what_waits(
    intake: Intake, slide: Path, owner: jobs.Owner, settings: Settings
) -> None:
    asset = convert(intake, slide, owner)
    text = built_in_text().replace("signatures = 1", "signatures = 2")
    (settings.data / "policy.toml").write_text(text)
    stricter = Intake(settings, intake.ambient, intake.database)
    assert stricter.release(asset.asset_id, ANNA).state is State.AWAITING_RELEASE
    (settings.data / "policy.toml").unlink()
    laxer = Intake(settings, intake.ambient, intake.database)
    assert laxer.release(asset.asset_id, BRUNO).state is State.RELEASED


def test_a_profile_that_left_the_policy_is_said_and_another_one_helps(
    intake: Intake, slide: Path, owner: jobs.Owner, database: Database
) -> None:
    arrival = intake.take_file(slide, None, BY, owner_id=owner.owner_id)
    values = {"profile": "gone"}
    database.write_now(lambda c: catalog.update_asset(c, intake.ambient, arrival.asset_id, values))
    asset = run_job(intake, arrival.job)
    assert asset.state is State.REFUSED
    assert asset.problem is not None and asset.problem.kind == "unknown-profile"
    again = scrub_again(intake, arrival.asset_id, owner, profile="standard")
    assert again.state is State.AWAITING_RELEASE


def test_originals_are_kept_where_the_profile_says_so(
    intake: Intake, slide: Path, owner: jobs.Owner, settings: Settings
) -> None:
    text = built_in_text().replace('originals = "destroy"', 'originals = "keep"')
    (settings.data / "policy.toml").write_text(text)
    keeping = Intake(settings, intake.ambient, intake.database)
    asset = convert(keeping, slide, owner)
    keeping.release(asset.asset_id, BY)
    recover(keeping)
    assert list(keeping.quarantine.keys()) == [asset.asset_id]


def test_the_publishing_of_another_scrub_can_be_interrupted_anywhere(
    intake: Intake, slide: Path, owner: jobs.Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folder and pictures are in their places, the commit is missing: the next start makes it all again."""

    asset_id = convert(intake, slide, owner).asset_id
    dying = dead_owner(intake)
    arrival = intake.scrub_again(asset_id, BY, profile="strict", owner_id=dying)
    monkeypatch.setattr(convert_job.catalog, "set_state", _die_at_release(catalog.set_state))
    monkeypatch.setattr(convert_job.shutil, "rmtree", lambda *_a, **_k: None)
    with pytest.raises(DiedError):
        run_job(intake, arrival.job)
    monkeypatch.undo()
    assert [folder.name for folder in intake.assets_dir.iterdir()] == [asset_id]
    recover(intake)
    assert intake.asset(asset_id).state is State.QUARANTINED
    assert list(intake.assets_dir.iterdir()) == []
    made = claim_and_run(intake)
    assert (made.state, made.profile) == (State.AWAITING_RELEASE, "strict")


def _die_at_release(original):
    def set_state(connection, ambient, asset_id, state, *more, **how) -> None:
        if state is State.AWAITING_RELEASE:
            raise DiedError
        original(connection, ambient, asset_id, state, *more, **how)

    return set_state
