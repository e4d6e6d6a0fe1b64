"""The scrub from a shell: what it says, what it writes, and when it refuses."""

import json
from pathlib import Path

import pytest

from ground.command import NOT_PROVED
from tests.video.clips import make
from tests.video.scrub.ink import InkFinder
from video.canonical import open_canonical_video
from video.scrub.__main__ import main, read_rules
from video.scrub.rules import Material, OutOfBody, ScrubRules


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "DOE-JOHN-4711.mov"
    path.write_bytes(make("surgery_with_everything").data)
    return path


def _profile(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "profile.json"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def quiet(tmp_path: Path) -> Path:
    return _profile(tmp_path, '{"material": "other", "text": false}')


def test_a_clip_is_scrubbed_and_proved(
    clip: Path, quiet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "result"
    assert main([str(clip), str(output), "--profile-json", str(quiet)]) == 0
    with open_canonical_video(output) as video:
        assert video.info.frame_count > 0
    said = capsys.readouterr()
    assert said.out.startswith("proved: ")
    assert "sound stream" in said.out and "dropped" in said.out
    assert "DOE" not in said.out + said.err


def test_as_json_it_is_the_report(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(clip), str(tmp_path / "result"), "--json", "--workers", "1"], InkFinder()) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["proof"]["frames"]["frames_compared"] == report["frame_count"]
    assert report["scrub"]["residual_text"] == 0


@pytest.mark.parametrize("as_json", [True, False])
def test_a_plan_lists_every_place_and_writes_nothing(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    before = sorted(tmp_path.iterdir())
    assert main([str(clip), "--plan", *(["--json"] if as_json else [])], InkFinder()) == 0
    said = capsys.readouterr().out
    assert sorted(tmp_path.iterdir()) == before
    for place in ("sound stream", "chapter", "bytes behind the last box", "SEI user data in the pictures"):
        assert place in said
    if as_json:
        stated = json.loads(said)
        assert {"places", "scrub", "remarks", "losses"} == set(stated)
        assert {place["action"] for place in stated["places"]} == {"dropped", "rebuilt"}


def test_a_mask_may_be_given(
    clip: Path, quiet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(clip), str(tmp_path / "result"), "--profile-json", str(quiet), "--mask", "8,8,40,40"]
    assert main(arguments) == 0
    assert "masked  reviewer at 8,8 to 40,40 in all frames" in capsys.readouterr().out


def test_what_is_no_clip_is_refused_and_leaves_no_folder(
    quiet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "DOE-JOHN"
    source.write_bytes(b"DOE JOHN " * 100)
    assert main([str(source), str(tmp_path / "result"), "--profile-json", str(quiet)]) == NOT_PROVED
    said = capsys.readouterr().err
    assert said.startswith("not scrubbed: ")
    assert "DOE" not in said
    assert not (tmp_path / "result").exists()


def test_a_detector_that_fails_ends_it(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finder = InkFinder(fails_after=0)
    assert main([str(clip), str(tmp_path / "result")], finder) == NOT_PROVED
    assert main([str(clip), "--plan"], finder) == NOT_PROVED
    assert "could not be looked for" in capsys.readouterr().err


def test_a_source_that_is_missing_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "DOE"), "--plan"], InkFinder()) == NOT_PROVED
    said = capsys.readouterr().err
    assert "cannot be read" in said
    assert "DOE" not in said


def test_a_profile_sets_what_it_names(tmp_path: Path) -> None:
    text = '{"material": "ultrasound", "keep_rulers": true, "out_of_body": "show"}'
    assert read_rules(_profile(tmp_path, text)) == ScrubRules(
        material=Material.ULTRASOUND, keep_rulers=True, out_of_body=OutOfBody.SHOW
    )
    assert read_rules(_profile(tmp_path, "{}")) == ScrubRules()


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"txet": false}', '{"text": 0}', '{"material": "liver"}', '{"out_of_body": []}', "[" * 9000],
)
def test_a_profile_that_means_nothing_is_refused(
    tmp_path: Path, clip: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = _profile(tmp_path, text)
    with pytest.raises(ValueError, match="profile"):
        read_rules(profile)
    assert main([str(clip), "--plan", "--profile-json", str(profile)], InkFinder()) == NOT_PROVED
    assert "profile" in capsys.readouterr().err
