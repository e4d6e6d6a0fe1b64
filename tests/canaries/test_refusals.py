"""What the server says of a file that it refuses tells nothing of what is in the file, nor of its name."""

import base64
from pathlib import Path

import pytest
import structlog

from server.catalog import State
from tests.canaries.journey import FILE_NAME, Journey
from tests.canaries.searching import Searcher, named, texts_in
from tests.canaries.sources import NO_PICTURES, SOURCES
from tests.server.conftest import SignIn

QUICK = ("svs",)


def halved(data: bytes) -> bytes:
    return data[: len(data) // 2]


def begun(data: bytes) -> bytes:
    return data[:100]


def torn(data: bytes) -> bytes:
    """The beginning is another file's."""
    return data[:300] + data[2000:]


def overwritten(data: bytes) -> bytes:
    """Its own text stands where numbers should be."""
    text = named("InPlaceOfNumbers").encode() * 40
    return data[:64] + text + data[64 + len(text) :]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in SOURCES]
)
async def test_a_broken_file_is_spoken_of_without_a_word_of_it(
    journey: Journey, name: str, tmp_path: Path, sign_in: SignIn
) -> None:
    officer = await sign_in("privacy_officer")
    whole = SOURCES[name].make(tmp_path)
    refused = 0
    assert Searcher().find(whole)
    for spoil in (halved, begun, torn, overwritten):
        data = spoil(whole)
        asset_id = await journey.take(tmp_path, data, SOURCES[name].suffix)
        asset = journey.intake.asset(asset_id)
        refused += asset.state is State.REFUSED
        assert asset.state in {State.REFUSED, State.AWAITING_RELEASE}
        await journey.ask_everything(officer, asset_id)
        for step in ("release", "cancel", "retry", "discard"):
            await journey.ask(officer, "POST", f"/api/v1/assets/{asset_id}/{step}", json={})
        journey.look()
    assert journey.found == []
    assert refused
    assert len([line for line in journey.log_lines if "not converted" in line]) >= refused


@pytest.mark.parametrize("name", NO_PICTURES)
async def test_files_without_pictures_are_refused_in_words_of_ours(
    journey: Journey, name: str, tmp_path: Path, sign_in: SignIn
) -> None:
    officer = await sign_in("privacy_officer")
    source = NO_PICTURES[name]
    data = source.make(tmp_path)
    assert len(texts_in(data)) >= source.least_texts
    asset_id = await journey.take(tmp_path, data, source.suffix)
    asset = journey.intake.asset(asset_id)
    assert asset.state is State.REFUSED
    assert asset.problem is not None
    await journey.ask_everything(officer, asset_id)
    journey.look()
    assert journey.found == []


async def test_a_letter_is_no_slide_and_its_words_are_not_repeated(
    journey: Journey, tmp_path: Path, sign_in: SignIn
) -> None:
    officer = await sign_in("privacy_officer")
    letter = f"Dear Mrs {named('Letter')}, your number is 7712093481.".encode() * 50
    for suffix in (".svs", f".{named('Suffix')}"):
        asset_id = await journey.take(tmp_path, letter, suffix)
        assert journey.intake.asset(asset_id).state is State.REFUSED
        await journey.ask(officer, "GET", f"/api/v1/assets/{asset_id}")
    await journey.ask(officer, "GET", "/api/v1/audit")
    journey.look()
    assert journey.found == []


async def test_an_uploads_name_is_not_told_to_anybody(journey: Journey, sign_in: SignIn) -> None:
    officer = await sign_in("privacy_officer")
    encoded = base64.b64encode(f"{FILE_NAME}.svs".encode()).decode()
    head = {"Tus-Resumable": "1.0.0", "Upload-Metadata": f"filename {encoded}", "Upload-Length": "2000"}
    answer = await officer.ask("POST", "/api/v1/uploads", headers=head)
    path = answer.headers["Location"]
    part = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    await journey.ask(officer, "PATCH", path, headers=part, data=named("Body").encode() * 20)
    for asked in (path, "/api/v1/uploads"):
        await journey.ask(officer, "GET", asked)
    await journey.ask(officer, "PATCH", path, headers=part, data=b"not the next byte")
    await journey.ask(officer, "PATCH", path, headers={**part, "Upload-Offset": "many"}, data=b"")
    journey.look()
    await journey.ask(officer, "DELETE", path, headers={"Tus-Resumable": "1.0.0"})
    journey.look()
    assert journey.found == []
    assert Searcher().find(repr(head).encode()), "the name that was sent can be found"


async def test_what_the_journey_hears_and_sees_is_searched(journey: Journey, sign_in: SignIn) -> None:
    """A disk, a log and an answer that do tell: otherwise their silence would prove nothing."""
    admin = await sign_in("admin")
    for number, tell in enumerate((_on_the_disk, _in_the_log)):
        tell(journey)
        journey.look()
        assert len(journey.found) > number
    journey.found.clear()
    body = {"username": named("user").lower(), "role": "annotator", "password": "correct horse battery"}
    await journey.ask(admin, "POST", "/api/v1/users", json=body)
    await journey.ask(admin, "GET", "/api/v1/users")
    assert {place.split(" in ")[1] for place in journey.found} >= {"the answer to GET /api/v1/users"}


def _on_the_disk(journey: Journey) -> None:
    (journey.intake.assets_dir / "told").write_bytes(named("Disk").encode("utf-16-le"))


def _in_the_log(journey: Journey) -> None:
    structlog.get_logger("slidereel.test").warning("told", name=named("Log"))
