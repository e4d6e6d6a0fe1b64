"""However a file is called, and whatever lies beside its bytes, nothing of that is kept or told."""

import contextlib
import io
import os
import unicodedata
import zipfile
from pathlib import Path

import pytest

from server.catalog import State
from server.ingest.gathering import gather
from tests.canaries.dicom_planting import slide
from tests.canaries.journey import Journey
from tests.canaries.searching import BIRTH_DASHED, KANJI, MARKED, NUMBER, named
from tests.canaries.sources import SOURCES
from tests.server.conftest import SignIn

TAKEN_S = 995_512_345
"""When the source was last changed: a day of its own."""
NAMES = {
    "composed": unicodedata.normalize("NFC", MARKED),
    "decomposed": unicodedata.normalize("NFD", MARKED),
    "another script": f"{KANJI}_{NUMBER}",
    "very long": f"{named('Long')}_{'x' * 190}_{named('End')}",
    "no letters of any script": os.fsdecode(named("Raw").encode() + b"\xff\xfe\xe9"),
    "markup": f"<b>{named('Markup')}&{NUMBER}'\"",
    "a new line": f"{named('Line')}\n{NUMBER}\tx",
}


def look_beside(journey: Journey) -> None:
    """At times and attributes of every file, of which none may be the source's."""
    for path in journey.intake.settings.data.rglob("*"):
        stated = path.stat()
        assert int(stated.st_mtime) != TAKEN_S, path
        assert not os.listxattr(path)
        assert not path.is_symlink()


@pytest.mark.parametrize("kind", NAMES)
async def test_no_name_is_kept_or_told(journey: Journey, kind: str, tmp_path: Path, sign_in: SignIn) -> None:
    officer = await sign_in("privacy_officer")
    letter = tmp_path / f"{NAMES[kind]}.svs"
    letter.write_bytes(b"This is no slide. " * 99)
    os.utime(letter, (TAKEN_S, TAKEN_S))
    asset_id = await journey.take_path(letter)
    assert journey.intake.asset(asset_id).state is State.REFUSED
    await journey.ask(officer, "GET", f"/api/v1/assets/{asset_id}")
    await journey.ask(officer, "GET", "/api/v1/audit")
    journey.look()
    look_beside(journey)
    assert journey.found == []


@pytest.mark.slow
async def test_neither_a_link_nor_its_target_nor_their_dates_are_kept(
    journey: Journey, tmp_path: Path, sign_in: SignIn
) -> None:
    officer = await sign_in("privacy_officer")
    folder = tmp_path / named("Ward")
    folder.mkdir()
    source = folder / f"{named('Target')}.mp4"
    source.write_bytes(SOURCES["mp4"].make(tmp_path))
    os.utime(source, (TAKEN_S, TAKEN_S))
    with contextlib.suppress(OSError):  # not on every file system
        os.setxattr(source, "user.patient", named("Attribute").encode())
    link = tmp_path / f"{named('Link')}.mp4"
    link.symlink_to(source)
    asset_id = await journey.take_path(link)
    assert journey.intake.asset(asset_id).state is State.AWAITING_RELEASE
    await journey.ask_everything(officer, asset_id)
    await journey.ask(officer, "POST", f"/api/v1/assets/{asset_id}/release", json={"confirm_losses": True})
    journey.look()
    look_beside(journey)
    assert journey.found == []


@pytest.mark.slow
async def test_nothing_of_an_archive_is_kept_but_its_slide(
    journey: Journey, tmp_path: Path, sign_in: SignIn
) -> None:
    """Names, comments, extra fields and dates of its members, and what is in the archive beside them."""
    officer = await sign_in("privacy_officer")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        member = zipfile.ZipInfo(f"{named('Folder')}/{named('Member')}.dcm", (1999, 7, 19, 1, 2, 4))
        member.comment = named("MemberComment").encode()
        extra = named("Extra").encode()
        member.extra = b"\x75\x70" + len(extra).to_bytes(2, "little") + extra
        member.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(member, slide())
        archive.comment = f"{named('ArchiveComment')} {BIRTH_DASHED}".encode()
    path = tmp_path / f"{named('Archive')}.zip"
    path.write_bytes(out.getvalue())
    (found,) = gather(path).slides
    asset_id = await journey.take_path(found)
    asset = journey.intake.asset(asset_id)
    assert asset.problem is None, asset.problem.detail
    await journey.ask_everything(officer, asset_id)
    await journey.ask(officer, "POST", f"/api/v1/assets/{asset_id}/release", json={"confirm_losses": True})
    assert journey.intake.asset(asset_id).state is State.RELEASED
    journey.look()
    look_beside(journey)
    assert journey.found == []
