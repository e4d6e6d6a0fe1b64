"""What is seen in a slide's pictures is told, shown, masked or dropped, as the rules say."""

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile

from ground.finding import Box, ReviewPicture
from ground.picture_text import TextBox, TextFinder
from ground.source import FileSource
from tests.tiling.finders import INK, FakeBlindFinder, FakeFailingFinder, FakeInkFinder
from tests.tiling.macro_files import MacroRecipe, macro_picture
from tests.tiling.svs_files import CANARIES, Pixels, Recipe, decoded, tissue, write_svs
from tiling.canonical import open_canonical
from tiling.convert import ConversionReport, Stage, convert
from tiling.errors import CanonicalError, ConversionCancelled, VerificationError
from tiling.scrub.rules import MacroRule, ScrubRules, TextRule

WIDTH_PX, HEIGHT_PX, SIDE_PX = 640, 512, 64
WRITTEN = Box(200, 300, 330, 340)
ONLY_MACRO = ScrubRules(text=TextRule.IGNORE)
ONLY_TEXT = ScrubRules(macro=MacroRule.DROP)


def write_slide(path: Path, macro: Pixels | None = None, *, with_writing: bool = True) -> Pixels:
    """A slide with INK written on its glass, and a picture of the whole glass."""
    pixels = tissue(WIDTH_PX, HEIGHT_PX)
    if with_writing:
        cv2.putText(pixels, "JANE 42", (204, 334), cv2.FONT_HERSHEY_SIMPLEX, 0.9, INK, 3)
    with tifffile.TiffWriter(path) as writer:
        writer.write(
            pixels,
            tile=(SIDE_PX, SIDE_PX),
            photometric="rgb",
            compression="jpeg",
            compressionargs={"level": 95},
            description=f"Aperio Image Library\r\n{WIDTH_PX}x{HEIGHT_PX}|MPP = 0.25|Title = {CANARIES[0]}",
            metadata=None,
            software=False,
        )
        if macro is not None:
            writer.write(
                macro, photometric="rgb", subfiletype=9, description="Aperio\r\nmacro", metadata=None
            )
    return pixels


def scrub(
    source: Path,
    output: Path,
    rules: ScrubRules | None,
    finder: TextFinder | None = None,
    *,
    added: Sequence[Box] = (),
    removed: Sequence[Box] = (),
) -> tuple[ConversionReport, dict[str, ReviewPicture]]:
    output.mkdir()
    pictures: dict[str, ReviewPicture] = {}
    with FileSource(source) as file:
        report = convert(
            file,
            output,
            progress=lambda *_: None,
            cancelled=lambda: False,
            rules=rules,
            finder=finder or FakeInkFinder(),
            added=added,
            removed=removed,
            review=lambda picture: pictures.__setitem__(picture.name, picture),
        )
    return report, pictures


def findings(report: ConversionReport, reason: str) -> list[dict[str, Any]]:
    assert report.scrub is not None
    return [finding for finding in report.scrub["findings"] if finding["reason"] == reason]


def level_0(folder: Path) -> Pixels:
    with tifffile.TiffFile(folder / "slide.tif") as file:
        return np.asarray(file.pages[0].asarray())


def test_without_rules_nothing_is_looked_at(tmp_path: Path) -> None:
    write_slide(tmp_path / "a.svs", macro_picture())
    report, pictures = scrub(tmp_path / "a.svs", tmp_path / "out", None, FakeFailingFinder())
    assert report.to_json()["scrub"] is None
    assert not pictures
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"slide.tif", "served.bin", "served.json"}


def test_writing_is_shown_where_it_is_and_changes_nothing(tmp_path: Path) -> None:
    write_slide(tmp_path / "a.svs")
    report, pictures = scrub(tmp_path / "a.svs", tmp_path / "out", ONLY_TEXT)
    (found,) = findings(report, "text")
    assert not found["is_masked"]
    assert found["space"] == "asset"
    assert found["x0"] <= 206
    assert found["x1"] >= 300
    assert found["y0"] <= 314
    assert found["y1"] >= 334
    assert report.proof["tiles"]["identical"] == report.proof["tiles"]["tiles"]
    assert pictures["thumbnail"].rgb.shape == (HEIGHT_PX, WIDTH_PX, 3)
    assert pictures["thumbnail"].scale == 1


def test_writing_is_masked_where_the_rules_say_so(tmp_path: Path) -> None:
    original = write_slide(tmp_path / "a.svs")
    rules = replace(ONLY_TEXT, text=TextRule.MASK)
    report, pictures = scrub(tmp_path / "a.svs", tmp_path / "out", rules)
    (found,) = findings(report, "text")
    assert found["is_masked"]
    shown = level_0(tmp_path / "out")
    assert (shown[found["y0"] : found["y1"], found["x0"] : found["x1"]] == 255).all()
    assert np.abs(shown.astype(int) - INK).max(axis=2).min() > 60
    assert report.proof["tiles"]["masked"] < report.proof["tiles"]["tiles"] / 4
    # The person who decides still sees what it was about.
    assert np.abs(pictures["thumbnail"].rgb.astype(int) - original).mean() < 6


def test_what_a_person_has_taken_for_harmless_is_left_alone(tmp_path: Path) -> None:
    write_slide(tmp_path / "a.svs")
    rules = replace(ONLY_TEXT, text=TextRule.MASK)
    around = Box(180, 280, 350, 360)
    report, _ = scrub(tmp_path / "a.svs", tmp_path / "out", rules, removed=[around])
    (found,) = findings(report, "text")
    assert not found["is_masked"]
    assert report.proof["tiles"]["masked"] == 0


def test_a_place_that_a_person_draws_is_white_and_shown_as_it_was(tmp_path: Path) -> None:
    original = write_slide(tmp_path / "a.svs")
    report, pictures = scrub(tmp_path / "a.svs", tmp_path / "out", ONLY_TEXT, added=[WRITTEN])
    (drawn,) = findings(report, "reviewer")
    assert (drawn["x0"], drawn["y0"], drawn["x1"], drawn["y1"]) == (200, 300, 330, 340)
    assert (level_0(tmp_path / "out")[256:384, 192:384] == 255).all()
    assert np.abs(pictures["thumbnail"].rgb.astype(int) - original).mean() < 6
    assert findings(report, "text")  # seen behind the mask, so that taking it away shows what is there


def test_the_macro_is_written_described_and_proved(tmp_path: Path) -> None:
    write_slide(tmp_path / "a.svs", macro_picture())
    report, pictures = scrub(tmp_path / "a.svs", tmp_path / "out", ONLY_MACRO)
    with open_canonical(tmp_path / "out") as slide:
        assert slide.info.has_macro
        jpeg = slide.macro()
    assert jpeg is not None
    assert jpeg == (tmp_path / "out" / "macro.jpg").read_bytes()
    assert (decoded(jpeg)[:, :230] == 255).all()
    (label,) = findings(report, "label")
    assert label["space"] == "macro"
    assert label["is_masked"]
    assert (label["x0"], label["y0"], label["y1"]) == (0, 0, 320)
    assert 230 <= label["x1"] < 270
    assert np.array_equal(pictures["macro"].rgb, macro_picture())
    stated = json.loads((tmp_path / "out" / "served.json").read_text())["macro"]
    assert (stated["width_px"], stated["height_px"], stated["byte_count"]) == (900, 320, len(jpeg))


def test_a_macro_in_doubt_is_left_out_with_a_remark(tmp_path: Path) -> None:
    write_slide(tmp_path / "a.svs", macro_picture(MacroRecipe(writing_beside=True)))
    report, pictures = scrub(tmp_path / "a.svs", tmp_path / "out", ONLY_MACRO)
    assert not (tmp_path / "out" / "macro.jpg").exists()
    assert any("picture of the whole glass is left out" in remark for remark in report.remarks)
    (label,) = findings(report, "label")
    assert (label["x0"], label["y0"], label["x1"], label["y1"]) == (0, 0, 900, 320)
    assert "macro" in pictures
    with open_canonical(tmp_path / "out") as slide:
        assert slide.macro() is None
        assert slide.info.remarks == report.remarks


def test_a_macro_that_cannot_be_decoded_spoils_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.svs"
    write_slide(path)
    with tifffile.TiffWriter(path, append=True) as writer:
        writer.write(macro_picture()[..., :1].copy(), subfiletype=9, description="Aperio", metadata=None)
    report, pictures = scrub(path, tmp_path / "out", ONLY_MACRO)
    assert any("cannot be read" in remark for remark in report.remarks)
    assert "macro" not in pictures


def test_the_rules_may_ask_for_no_macro(tmp_path: Path) -> None:
    write_slide(tmp_path / "a.svs", macro_picture())
    rules = ScrubRules(macro=MacroRule.DROP, text=TextRule.IGNORE)
    report, _ = scrub(tmp_path / "a.svs", tmp_path / "out", rules, FakeBlindFinder())
    assert not (tmp_path / "out" / "macro.jpg").exists()
    assert len(findings(report, "label")) == 1


@pytest.mark.parametrize("rules", [ScrubRules(), ONLY_MACRO, ONLY_TEXT])
def test_a_detector_that_fails_leaves_nothing_behind(tmp_path: Path, rules: ScrubRules) -> None:
    write_slide(tmp_path / "a.svs", macro_picture())
    with pytest.raises(VerificationError, match="writing"):
        scrub(tmp_path / "a.svs", tmp_path / "out", rules, FakeFailingFinder())
    assert list((tmp_path / "out").iterdir()) == []


def test_whoever_decides_sees_the_pictures_of_what_could_not_be_proved(tmp_path: Path) -> None:
    write_slide(tmp_path / "a.svs", macro_picture())
    (tmp_path / "out").mkdir()
    seen: list[str] = []
    with FileSource(tmp_path / "a.svs") as file, pytest.raises(VerificationError):
        convert(
            file,
            tmp_path / "out",
            progress=lambda *_: None,
            cancelled=lambda: False,
            rules=ScrubRules(),
            finder=FakeFailingFinder(),
            review=lambda picture: seen.append(picture.name),
        )
    assert seen == ["thumbnail", "macro"]


def test_that_pictures_are_still_looked_at_is_said_and_can_be_stopped(tmp_path: Path) -> None:
    write_slide(tmp_path / "a.svs", macro_picture())
    (tmp_path / "out").mkdir()
    stages: list[Stage] = []
    asked = threading.Event()

    class FakeSlowFinder(FakeBlindFinder):
        def find(self, rgb: Pixels, *, highest_px: float | None = None) -> tuple[TextBox, ...]:
            asked.wait(60)
            return super().find(rgb)

    def cancelled() -> bool:
        if Stage.LOOKING in stages:
            asked.set()
        return asked.is_set()

    with FileSource(tmp_path / "a.svs") as file, pytest.raises(ConversionCancelled):
        convert(
            file,
            tmp_path / "out",
            progress=lambda stage, _done, _total: stages.append(stage),
            cancelled=cancelled,
            rules=ScrubRules(),
            finder=FakeSlowFinder(),
        )
    assert list(dict.fromkeys(stages)) == [Stage.CONVERTING, Stage.LOOKING]
    assert list((tmp_path / "out").iterdir()) == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("tiling")]


def test_rules_that_want_text_found_need_a_detector(tmp_path: Path) -> None:
    write_slide(tmp_path / "a.svs")
    with FileSource(tmp_path / "a.svs") as file, pytest.raises(ValueError, match="finds text"):
        convert(
            file, tmp_path, progress=lambda *_: None, cancelled=lambda: False, rules=ScrubRules(), finder=None
        )


def test_the_report_says_what_and_where_but_no_value(tmp_path: Path) -> None:
    write_svs(tmp_path / "a.svs", Recipe(width_px=400, height_px=330))
    report, _ = scrub(tmp_path / "a.svs", tmp_path / "out", ScrubRules())
    stated = report.to_json()["scrub"]
    assert json.loads(json.dumps(stated)) == stated
    assert stated["material"] == "slide"
    assert stated["kept"] is None
    assert stated["detector"] == FakeInkFinder.name
    assert [picture["name"] for picture in stated["pictures"]] == ["thumbnail", "macro"]
    assert not [canary for canary in CANARIES if canary.lower() in repr(stated).lower()]


def test_a_macro_that_was_changed_afterwards_is_not_served(tmp_path: Path) -> None:
    write_slide(tmp_path / "a.svs", macro_picture())
    scrub(tmp_path / "a.svs", tmp_path / "out", ONLY_MACRO)
    path = tmp_path / "out" / "macro.jpg"
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(CanonicalError):
        open_canonical(tmp_path / "out")
    path.unlink()
    with pytest.raises(CanonicalError):
        open_canonical(tmp_path / "out")
