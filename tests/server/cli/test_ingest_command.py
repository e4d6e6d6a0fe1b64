"""``slidereel ingest``: a line a file, a sentence a problem, never a name."""

import json
from pathlib import Path
from typing import Any

import pytest

from server.cli import main
from tests.server.ingest.slides import FILE_NAME, NAMED, svs, traces
from tests.tiling.dicom_files import CANARIES, Recipe, write_set


class Command:
    """The command on one data folder."""

    def __init__(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.data, self.capsys = data, capsys

    def __call__(self, *arguments: str | Path) -> tuple[int, list[dict[str, Any]], str]:
        """Exit code, JSON lines, standard error."""
        code = main(["ingest", *map(str, arguments), "--json", "--data", str(self.data)])
        out, err = self.capsys.readouterr()
        return code, [json.loads(line) for line in out.splitlines()], err


@pytest.fixture
def ingest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path / "data", capsys)


def test_one_json_line_says_all_and_names_nobody(ingest: Command, tmp_path: Path) -> None:
    code, (line,), err = ingest(svs(tmp_path / "in"), "--case", "C1")
    assert code == 0
    assert set(line) == {"asset_id", "kind", "state", "source_name_redacted", "position", "problem"}
    assert line["source_name_redacted"] == "•••.svs"
    assert (line["kind"], line["state"], line["position"], line["problem"]) == (
        "slide",
        "awaiting_release",
        1,
        None,
    )
    said = json.dumps(line) + err
    assert not [name for name in (*NAMED, FILE_NAME) if name in said]
    assert traces(ingest.data) == []


def test_a_bad_file_between_good_ones_is_refused_alone(ingest: Command, tmp_path: Path) -> None:
    (tmp_path / "Dulcinea.svs").write_bytes(b"a letter")
    code, lines, err = ingest(svs(tmp_path / "1"), tmp_path / "Dulcinea.svs", svs(tmp_path / "2"))
    assert code == 1
    assert [line["state"] for line in lines] == ["awaiting_release", "refused", "awaiting_release"]
    problem = lines[1]["problem"]
    assert problem["type"] == "/problems/not-a-slide"
    assert f"Path 2 (•••.svs): {problem['detail']} (reference {problem['reference']})" in err
    assert not [text for text in err.splitlines() if text.startswith("{")]
    assert "Dulcinea" not in err


def test_who_asks_for_the_log_finds_the_reference_there_too(
    ingest: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIDEREEL_LOG_LEVEL", "info")
    (tmp_path / "Dulcinea.svs").write_bytes(b"a letter")
    _, (line,), err = ingest(tmp_path / "Dulcinea.svs")
    log = [json.loads(text) for text in err.splitlines() if text.startswith("{")]
    assert [entry["reference"] for entry in log] == [line["problem"]["reference"]]
    assert "Dulcinea" not in err


def test_a_folder_stands_for_the_slides_in_it(ingest: Command, tmp_path: Path) -> None:
    for name in ("b.svs", "a.SVS", "deeper/c.svs"):
        svs((tmp_path / "in" / name).parent, (tmp_path / "in" / name).name)
    (tmp_path / "in" / "readme.txt").write_text("not a slide")
    code, lines, _ = ingest(tmp_path / "in")
    assert (code, [line["position"] for line in lines]) == (0, [1, 2, 3])


def test_a_path_that_does_not_exist_is_named_by_its_place_and_nothing_is_taken_in(
    ingest: Command, tmp_path: Path
) -> None:
    code, lines, err = ingest(svs(tmp_path / "in"), tmp_path / "Dulcinea.svs")
    assert (code, lines) == (2, [])
    assert "Path 2 does not exist." in err
    assert "Dulcinea" not in err
    assert not list(ingest.data.rglob("*.sealed"))


def test_a_folder_without_slides_is_said(ingest: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, lines, err = ingest(tmp_path / "empty")
    assert (code, lines) == (1, [])
    assert "Path 1 is a folder without slides, loops or videos." in err


def test_a_case_name_that_cannot_be_is_refused_before_anything_is_read(
    ingest: Command, tmp_path: Path
) -> None:
    code, lines, err = ingest(svs(tmp_path / "in"), "--case", "x" * 81)
    assert (code, lines) == (1, [])
    assert "80 printable characters" in err


def test_people_get_lines_to_read(ingest: Command, tmp_path: Path) -> None:
    code = main(["ingest", str(svs(tmp_path / "in")), "--data", str(ingest.data)])
    out, _ = ingest.capsys.readouterr()
    assert code == 0
    assert out.startswith("Path 1: ") and out.endswith(" awaiting_release\n")


def test_a_folder_of_dicom_files_is_one_slide(ingest: Command, tmp_path: Path) -> None:
    folder = tmp_path / "Dulcinea Toboso"
    folder.mkdir()
    for number, data in enumerate(write_set(Recipe())):
        (folder / f"Quixote{number}.dcm").write_bytes(data)
    (folder / "Dulcinea.txt").write_text("not a slide")
    code, (line,), err = ingest(folder)
    assert code == 0
    assert (line["state"], line["source_name_redacted"]) == ("awaiting_release", "•••.dcm")
    assert "Path 1: 1 file is no slide and left out." in err
    assert not [name for name in ("Dulcinea", "Quixote", *CANARIES) if name in json.dumps(line) + err]
    # Neither a name nor a text of the files is anywhere in the data folder.
    names = [name.encode() for name in ("Dulcinea", "Quixote", *CANARIES)]
    stored = [path.read_bytes() for path in ingest.data.rglob("*") if path.is_file()]
    assert not [name for name in names if any(name in data for data in stored)]
