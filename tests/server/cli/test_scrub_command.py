"""``slidereel scrub`` and ``slidereel reject``, and the profile on the way in."""

import json
from pathlib import Path

import pytest

from server.cli import main
from server.config import Settings
from tests.server.ingest.slides import NAMED, svs


class Shell:
    """A data folder and what is typed at it."""

    def __init__(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.data, self.capsys = data, capsys

    def __call__(self, *words: str) -> tuple[int, str, str]:
        code = main([*words, "--data", str(self.data)])
        said = self.capsys.readouterr()
        assert not [name for name in NAMED if name in said.out + said.err]
        return code, said.out.strip(), said.err.strip()


@pytest.fixture
def shell(settings: Settings, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(settings.data, capsys)


def ingest(shell: Shell, folder: Path, *more: str) -> str:
    code, out, _ = shell("ingest", str(svs(folder / "scanner")), "--json", *more)
    assert code == 0
    return json.loads(out)["asset_id"]


def test_an_asset_is_rejected_scrubbed_by_another_profile_and_signed_for_once(
    shell: Shell, tmp_path: Path
) -> None:
    asset_id = ingest(shell, tmp_path)
    assert shell("reject", asset_id, "--reason", "identity-visible")[:2] == (0, f"{asset_id} refused")
    code, _, error = shell("release", asset_id)
    assert code == 1 and "refused" in error
    scrubbed = shell("scrub", asset_id, "--profile", "strict", "--add", "10,10,60,60", "--remove", "1,1,9,9")
    assert scrubbed[:2] == (0, f"{asset_id} awaiting_release")
    code, out, error = shell("release", asset_id)
    assert (code, out.split()[:2]) == (0, [asset_id, "awaiting_release"])
    assert "another person" in error
    code, _, error = shell("release", asset_id)
    assert code == 1 and "another person's signature" in error
    code, out, _ = shell("audit", "list", "--subject", asset_id)
    events = {json.loads(line)["action"] for line in out.splitlines()}
    assert {"asset.rejected", "asset.scrub_again", "asset.signed"} <= events


def test_a_slide_comes_in_by_the_profile_that_is_named(shell: Shell, tmp_path: Path) -> None:
    asset_id = ingest(shell, tmp_path, "--profile", "strict")
    assert shell("release", asset_id)[1].startswith(f"{asset_id} awaiting_release ")


def test_an_unknown_profile_takes_nothing_in(shell: Shell, tmp_path: Path) -> None:
    code, out, error = shell("ingest", str(svs(tmp_path / "scanner")), "--profile", "lax")
    assert (code, out) == (1, "")
    assert "profile" in error and "(reference " in error
    assert list((shell.data / "quarantine").glob("*.sealed")) == []


@pytest.mark.parametrize("box", ["1,2,3", "a,b,c,d", "1,2,3,4,5", "1.5,2,3,4"])
def test_what_is_no_box_is_a_wrong_usage(shell: Shell, box: str) -> None:
    with pytest.raises(SystemExit) as ended:
        shell("scrub", "a1", "--add", box)
    assert ended.value.code == 2
    assert "x0,y0,x1,y1" in shell.capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [("scrub", "nowhere"), ("reject", "nowhere", "--reason", "other")], ids=lambda words: words[0]
)
def test_an_asset_that_is_not_there_is_named_with_a_reference(
    shell: Shell, database: object, words: tuple[str, ...]
) -> None:
    code, out, error = shell(*words)
    assert (code, out) == (1, "")
    assert error.startswith("slidereel: nowhere: ") and "(reference " in error
