"""The scrub from a shell: it tells, it writes, or it says one sentence and exits with another code than 0."""

import json
import shutil
from pathlib import Path

import pytest

from tests.tiling.finders import FakeFailingFinder, FakeInkFinder
from tests.tiling.macro_files import macro_picture
from tests.tiling.svs_files import CANARIES, Recipe, write_svs
from tests.tiling.test_scrub_plan import write_slide
from tiling.scrub.__main__ import main


def test_it_writes_a_proved_slide_and_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_slide(tmp_path / "a.svs", macro_picture())
    output = tmp_path / "out"
    arguments = [str(tmp_path / "a.svs"), str(output), "--json", "--mask", "0,0,100,100"]
    assert main(arguments, FakeInkFinder()) == 0
    report = json.loads(capsys.readouterr().out)
    assert {finding["reason"] for finding in report["scrub"]["findings"]} == {"reviewer", "label", "text"}
    assert {path.name for path in output.iterdir()} == {"slide.tif", "served.bin", "served.json", "macro.jpg"}


def test_it_says_in_words_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_slide(tmp_path / "a.svs")
    assert main([str(tmp_path / "a.svs"), str(tmp_path / "out"), "--text", "mask"], FakeInkFinder()) == 0
    said = capsys.readouterr().out
    assert "proved: 80 tiles, carried over bit for bit" in said
    assert "masked  text at" in said


@pytest.mark.parametrize("options", [["--plan"], ["--plan", "--json"]])
def test_a_plan_names_every_place_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    write_svs(tmp_path / "a.svs", Recipe())
    assert main([str(tmp_path / "a.svs"), *options], FakeInkFinder()) == 0
    said = capsys.readouterr().out
    for place in ("directory 0 (level 0), Artist", "bytes that nothing refers to", "directory 3 (label)"):
        assert place in said
    assert not [canary for canary in CANARIES if canary.lower() in said.lower()]
    assert [path.name for path in tmp_path.iterdir()] == ["a.svs"]


def test_a_folder_of_dicom_files_is_a_slide(shared_data: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(shared_data / "slides" / "cytomine-dicom-wsi", source)
    arguments = [str(source), str(tmp_path / "out"), "--macro", "drop"]
    assert main(arguments, FakeInkFinder()) == 0
    assert (tmp_path / "out" / "slide.tif").exists()


@pytest.mark.parametrize("kind", ["no slide", "cut short", "missing", "a detector that fails"])
def test_what_is_not_understood_or_proved_ends_in_a_sentence_and_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    path = tmp_path / "QUIXOTE.svs"
    write_svs(path, Recipe(bigtiff=True))
    if kind == "no slide":
        path.write_bytes(b"QUIXOTE, DULCINEA, born in 1605, is no slide at all")
    elif kind == "cut short":
        path.write_bytes(path.read_bytes()[:9_000])
    elif kind == "missing":
        path.unlink()
    finder = FakeFailingFinder() if kind == "a detector that fails" else FakeInkFinder()
    assert main([str(path), str(tmp_path / "out")], finder) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("not scrubbed: ")
    assert "QUIXOTE" not in said.err
    assert not (tmp_path / "out").exists()


def test_a_result_is_never_written_over_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_svs(tmp_path / "a.svs", Recipe())
    arguments = [str(tmp_path / "a.svs"), str(tmp_path / "out"), "--macro", "drop", "--text", "ignore"]
    assert main(arguments) == 0
    before = (tmp_path / "out" / "slide.tif").read_bytes()
    assert main(arguments) == 1
    assert "already" in capsys.readouterr().err
    assert (tmp_path / "out" / "slide.tif").read_bytes() == before
