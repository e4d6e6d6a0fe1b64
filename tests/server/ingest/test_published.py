"""The digest that a signature is for covers every file that people will see."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from server import audit, catalog, jobs
from server.db import Database
from server.errors import WrongStateError
from server.ingest import convert_job
from server.ingest.convert_job import run_job
from server.ingest.intake import Intake
from server.ingest.published import (
    UnprovedFileError,
    check_published,
    digest_of,
    published_files,
)
from tests.server.conftest import BY


def result(folder: Path, **others: bytes) -> Path:
    """The files of a small result, and what its description states of them."""
    files = {"slide.tif": b"pixels", "served.bin": b"edges", "macro.jpg": b"glass"}
    stated = {
        name.split(".")[0]: {"byte_count": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in files.items()
    }
    folder.mkdir()
    for name, data in {**files, "served.json": json.dumps(stated).encode(), **others}.items():
        (folder / name).write_bytes(data)
    return folder


def test_the_digest_is_what_two_commands_of_everybodys_print(tmp_path: Path) -> None:
    folder = result(tmp_path / "asset")
    command = ["/bin/sh", "-c", "LC_ALL=C; sha256sum * | sha256sum"]
    said = subprocess.run(command, cwd=folder, capture_output=True, check=True)  # noqa: S603 - our own
    digest = digest_of(published_files(folder))
    assert said.stdout.decode().split()[0] == digest
    check_published(folder, digest)


@pytest.mark.parametrize("name", ["slide.tif", "served.bin", "served.json", "macro.jpg"])
def test_no_file_can_change_without_the_digest(tmp_path: Path, name: str) -> None:
    folder = result(tmp_path / "asset")
    digest = digest_of(published_files(folder))
    data = bytearray((folder / name).read_bytes())
    data[-1] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(WrongStateError):
        check_published(folder, digest)
    (folder / name).unlink()
    with pytest.raises(WrongStateError):
        check_published(folder, digest)


def test_a_file_that_the_proof_does_not_know_is_not_published(tmp_path: Path) -> None:
    with pytest.raises(UnprovedFileError):
        published_files(result(tmp_path / "more", **{"label.jpg": b"Jane Doe"}))
    fewer = result(tmp_path / "fewer")
    (fewer / "macro.jpg").unlink()
    with pytest.raises(UnprovedFileError):
        published_files(fewer)
    (fewer / "macro.jpg").symlink_to(fewer / "slide.tif")
    with pytest.raises(UnprovedFileError):
        published_files(fewer)
    (tmp_path / "none").mkdir()
    with pytest.raises(UnprovedFileError):
        published_files(tmp_path / "none")


@pytest.mark.parametrize(
    "description",
    [
        b"", b"[]", b"{", b'{"slide": 1}', b'{"slide": {"byte_count": -1, "sha256": "00"}}',
        b'{"slide": {"byte_count": 6, "sha256": "Jane Doe"}}', b'{"slide": {"byte_count": true}}',
    ],
)  # fmt: skip
def test_a_description_that_says_nonsense_proves_nothing(tmp_path: Path, description: bytes) -> None:
    folder = result(tmp_path / "asset", **{"served.json": description})
    with pytest.raises(UnprovedFileError):
        published_files(folder)


def test_what_is_not_as_it_was_proved_is_not_released(
    intake: Intake, slide: Path, owner: jobs.Owner, database: Database
) -> None:
    asset = run_job(intake, intake.take_file(slide, None, BY, owner_id=owner.owner_id).job)
    folder = intake.assets_dir / asset.asset_id
    assert asset.report is not None
    assert digest_of(published_files(folder)) == asset.canonical_sha256 == asset.report["canonical_sha256"]
    assert [file["name"] for file in asset.report["files"]] == sorted(path.name for path in folder.iterdir())
    (folder / "served.bin").write_bytes((folder / "served.bin").read_bytes()[:-1] + b"!")
    with pytest.raises(WrongStateError, match="scrub it again"):
        intake.release(asset.asset_id, BY, seen_sha256=asset.canonical_sha256)
    assert intake.asset(asset.asset_id).signature_count == 0
    assert list(intake.quarantine.keys()) == [asset.asset_id], "the original is still there"

    again = run_job(intake, intake.scrub_again(asset.asset_id, BY, owner_id=owner.owner_id).job)
    assert again.canonical_sha256 == asset.canonical_sha256
    intake.release(asset.asset_id, BY, seen_sha256=asset.canonical_sha256)
    event = database.read_now(lambda c: audit.events(c, subject_id=asset.asset_id, limit=1))[0]
    assert (event.detail["canonical_sha256"], event.detail["was_named"]) == (asset.canonical_sha256, True)


def test_a_conversion_that_leaves_a_file_too_many_is_refused(
    intake: Intake, slide: Path, owner: jobs.Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = convert_job.conversion.run

    def with_one_more(plan, **how):
        outcome = run(plan, **how)
        (Path(plan.output_dir) / "label.jpg").write_bytes(b"Jane Doe")
        return outcome

    monkeypatch.setattr(convert_job.conversion, "run", with_one_more)
    asset = run_job(intake, intake.take_file(slide, None, BY, owner_id=owner.owner_id).job)
    assert asset.state is catalog.State.REFUSED
    assert asset.problem is not None and asset.problem.kind == "not-proved-clean"
    assert list(intake.assets_dir.iterdir()) == []


def test_what_was_converted_before_all_files_were_noted_must_be_scrubbed_again(
    intake: Intake, slide: Path, owner: jobs.Owner, database: Database
) -> None:
    asset = run_job(intake, intake.take_file(slide, None, BY, owner_id=owner.owner_id).job)
    before = {key: value for key, value in (asset.report or {}).items() if key != "files"}
    values = {"report": before, "canonical_sha256": "ab" * 32}
    database.write_now(lambda c: catalog.update_asset(c, intake.ambient, asset.asset_id, values))
    with pytest.raises(WrongStateError, match="largest file alone"):
        intake.release(asset.asset_id, BY)
