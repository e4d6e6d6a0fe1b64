"""A patient planted in every place of a slide is in no byte of the result."""

from pathlib import Path

import numpy as np
import pytest

from tests.tiling.conversions import convert_file
from tests.tiling.svs_files import CANARIES, Recipe, disguises, write_svs
from tiling.canonical import open_canonical

CODINGS = ["jpeg", "jpeg-rgb", "jp2k-rgb", "jp2k-ycc", "lzw", "none"]


@pytest.mark.parametrize("coding", CODINGS)
def test_no_canary_is_left_in_any_file(tmp_path: Path, coding: str) -> None:
    source = tmp_path / "source.svs"
    write_svs(source, Recipe(coding=coding))
    planted = source.read_bytes()
    # A search that could not find them where they are would prove nothing.
    expected = [text for text in CANARIES if not (text == "CommentInTile4711" and "jpeg" not in coding)]
    assert all(any(form in planted for form in disguises(text)) for text in expected)
    convert_file(source, tmp_path / "out")
    written = list((tmp_path / "out").iterdir())
    assert {path.name for path in written} == {"slide.tif", "served.bin", "served.json"}
    for path in written:
        data = path.read_bytes()
        for text in CANARIES:
            for form in disguises(text):
                assert form not in data and form.lower() not in data.lower(), path.name


@pytest.mark.parametrize("coding", CODINGS)
def test_the_report_names_places_and_numbers_but_no_value(tmp_path: Path, coding: str) -> None:
    source = tmp_path / "source.svs"
    write_svs(source, Recipe(coding=coding))
    report = convert_file(source, tmp_path / "out")
    text = repr(report.to_json())
    assert not [canary for canary in CANARIES if canary.lower() in text.lower()]
    actions = {(place["place"], place["action"]) for place in report.to_json()["places"]}
    assert ("directory 0 (level 0), Artist", "dropped") in actions
    assert ("directory 0 (level 0), ImageDescription", "rebuilt") in actions
    assert ("directory 0 (level 0), image tiles", "kept") in actions
    assert ("directory 3 (label), image strips", "dropped") in actions
    assert ("directory 4 (macro), image strips", "dropped") in actions
    gap = next(place for place in report.places if place.name == "bytes that nothing refers to")
    assert gap.byte_count >= len("TrailerOfPatient")


def test_comments_and_trailing_bytes_inside_tiles_are_counted(tmp_path: Path) -> None:
    source = tmp_path / "source.svs"
    write_svs(source)
    report = convert_file(source, tmp_path / "out")
    per_tile = 2 * (4 + len("CommentInTile4711")) + len("CommentInTile4711")
    assert report.proof["tiles"]["foreign_bytes_dropped"] == 20 * per_tile


def test_the_label_is_in_no_picture_either(tmp_path: Path) -> None:
    """No stored image is the label's size, and none of the directories is more than a level."""
    source = tmp_path / "source.svs"
    write_svs(source)
    convert_file(source, tmp_path / "out")
    with open_canonical(tmp_path / "out") as slide:
        assert [level.level for level in slide.info.levels] == [0, 1, 2, 3]
        assert len(slide.info.levels) == 4
    assert np.array_equal([300, 150, 75, 38], [level.width_px for level in slide.info.levels])


def test_the_same_slide_gives_the_same_bytes(tmp_path: Path) -> None:
    source = tmp_path / "source.svs"
    write_svs(source, Recipe(width_px=700, height_px=500))
    first = convert_file(source, tmp_path / "one")
    second = convert_file(source, tmp_path / "two")
    assert first.canonical_sha256 == second.canonical_sha256
    for name in ("slide.tif", "served.bin", "served.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
