"""From a clip with a name in its pictures to one without, proved by looking again; or to no clip at all."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ground.finding import Box, ReviewPicture
from ground.picture_text import TextBox
from tests.video.canonical.synthetic import FILES, SyntheticVideo, canonical, picture
from tests.video.scrub.ink import InkFinder, tissue, written
from video.canonical import FrameDecoder, open_canonical_video
from video.convert import Stage, VideoReport
from video.errors import ConversionCancelled, VerificationError
from video.model import Sampling
from video.scrub.control import STRIP_PX
from video.scrub.rules import Material, ScrubRules
from video.scrub.scrub import Scrub
from video.scrub.survey import WINDOW_FRAMES

FORM = picture(320, 240)
RULES = ScrubRules(material=Material.OTHER)
NAME = written("DOE JOHN", 90, 120)


def _scrubbed(
    directory: Path,
    finder: InkFinder | None = None,
    draw: Callable[..., Any] = NAME,
    *,
    form: Any = FORM,
    count: int = 30,
    promised_frames: int | None = None,
    added: tuple[Box, ...] = (),
    removed: tuple[Box, ...] = (),
    review: Callable[[ReviewPicture], None] | None = None,
    rules: ScrubRules = RULES,
    **options: Any,
) -> VideoReport:
    scrub = Scrub(rules, finder or InkFinder(), added, removed, review)
    return canonical(
        SyntheticVideo(form, count, draw, promised_frames=promised_frames), directory, scrub=scrub, **options
    )


def _brightest(directory: Path) -> list[int]:
    """Of the result's luma, frame by frame."""
    with open_canonical_video(directory) as video:
        decoder = FrameDecoder(video.info)
        found = []
        for number in range(video.info.frame_count):
            key = video.key_frame_at(number)
            found.append(int(decoder.planes(video.read(key, number - key + 1))[0].max()))
        return found


@pytest.mark.parametrize("gop", [1, 12])
@pytest.mark.parametrize("sampling", list(Sampling))
def test_a_name_is_gone_from_every_frame(tmp_path: Path, gop: int, sampling: Sampling) -> None:
    form = picture(320, 240, sampling, is_full_range=sampling is Sampling.GRAY)
    report = _scrubbed(tmp_path, form=form, gop=gop)
    assert max(_brightest(tmp_path)) < 150
    stated = json.loads(json.dumps(report.to_json()))["scrub"]
    assert stated["residual_text"] == 0
    assert stated["findings"]
    assert report.psnr_db["min"] >= 45
    assert report.proof["frames"]["frames_masked"] == 30


def test_what_is_beside_the_masks_stays(tmp_path: Path) -> None:
    _scrubbed(tmp_path)
    with open_canonical_video(tmp_path) as video:
        decoder = FrameDecoder(video.info)
        luma = decoder.planes(video.read(7))[0]
    below = tissue(FORM, 7)[0][160:]
    assert np.abs(luma[160:].astype(int) - below).mean() < 2


@pytest.mark.parametrize("frame", [0, 13, 29])
def test_a_name_in_one_frame_is_gone(tmp_path: Path, frame: int) -> None:
    _scrubbed(tmp_path, draw=written("DOE JOHN", 90, 120, range(frame, frame + 1)))
    assert max(_brightest(tmp_path)) < 150


ELSEWHERE = (Box(0, 200, 40, 230),)
"""What a reviewer adds: with it the result no longer shows what was looked at."""


def test_of_a_long_clip_the_result_is_what_was_looked_at_twice_before(tmp_path: Path) -> None:
    """As it is, and with the name blanked."""
    form = picture(160, 120)
    report = _scrubbed(tmp_path, draw=written("DOE", 50, 60), form=form, count=WINDOW_FRAMES + 10)
    scrub = report.to_json()["scrub"]
    assert scrub["findings"]
    assert (scrub["windows_looked_at"], scrub["windows_recognised"]) == (2, 1)
    assert max(_brightest(tmp_path)) < 150


class _Oblivious(InkFinder):
    """Finds nothing in the source but the words that are set beside it, and everything in the result."""

    def __init__(self, unseen: int) -> None:
        super().__init__()
        self._unseen = unseen

    def find(self, rgb: np.ndarray[Any, Any], *, highest_px: float | None = None) -> Any:
        found = super().find(rgb)
        beside = tuple(box for box in found if box.y1 <= STRIP_PX or box.y0 >= len(rgb) - STRIP_PX)
        return beside if self.count <= self._unseen else found


def _pictures_of_a_plan(directory: Path) -> int:
    """How often a plan asks the detector: the proof recognises all of it."""
    finder = InkFinder()
    report = _scrubbed(directory, finder, tissue)
    scrub = report.to_json()["scrub"]
    assert (scrub["windows_looked_at"], scrub["windows_recognised"]) == (1, 1)
    return finder.count


def test_a_result_in_which_something_was_blanked_is_looked_at_anew(tmp_path: Path) -> None:
    finder = InkFinder()
    scrub = _scrubbed(tmp_path / "name", finder).to_json()["scrub"]
    assert (scrub["windows_looked_at"], scrub["windows_recognised"]) == (2, 0)
    assert finder.count == 2 * _pictures_of_a_plan(tmp_path / "plain")


def test_text_that_is_found_in_the_result_alone_is_masked_in_a_second_round(tmp_path: Path) -> None:
    finder = _Oblivious(_pictures_of_a_plan(tmp_path / "plain"))
    seen: list[Stage] = []
    report = _scrubbed(
        tmp_path / "name",
        finder,
        added=ELSEWHERE,
        progress=lambda stage, done, total: seen.append(stage),
    )
    assert max(_brightest(tmp_path / "name")) < 150
    scrub = report.to_json()["scrub"]
    assert scrub["findings"] and scrub["residual_text"] == 0
    stages = [stage for place, stage in enumerate(seen) if place == 0 or seen[place - 1] is not stage]
    assert stages == [
        Stage.LOOKING, Stage.CONVERTING, Stage.VERIFYING, Stage.CONVERTING, Stage.VERIFYING,
    ]  # fmt: skip


class _Imagining(InkFinder):
    """Sees a text at another place each time."""

    def find(self, rgb: np.ndarray[Any, Any], *, highest_px: float | None = None) -> Any:
        found = super().find(rgb)
        x0 = 40 * (1 + self.count % 6)
        return (*found, TextBox(x0, 103, x0 + 20, 112, 0.95))


def _striped(form: Any, number: int) -> Any:
    planes = tissue(form, number)
    planes[0][:, ::6] += 20
    return planes


def test_text_that_is_found_twice_in_the_result_ends_it(tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match="still found"):
        # An endoscope's text stays where it is: what is imagined is not followed.
        _scrubbed(tmp_path, _Imagining(), _striped, rules=ScrubRules(material=Material.ENDOSCOPY))
    assert not list(tmp_path.iterdir())


def test_a_detector_that_goes_blind_proves_nothing(tmp_path: Path) -> None:
    finder = InkFinder(blind_after=_pictures_of_a_plan(tmp_path / "plain"))
    directory = tmp_path / "name"
    with pytest.raises(VerificationError, match="could not be looked for"):
        _scrubbed(directory, finder, tissue, added=ELSEWHERE)
    assert not list(directory.iterdir())


def test_a_blind_detector_is_not_believed_about_the_source_either(tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match="could not be looked for"):
        _scrubbed(tmp_path, InkFinder(blind_after=0), tissue)
    assert not list(tmp_path.iterdir())


def test_a_bar_goes_evenly_through_all_stages(tmp_path: Path) -> None:
    told: dict[Stage, list[tuple[int, int]]] = {}
    _scrubbed(
        tmp_path,
        progress=lambda stage, done, total: told.setdefault(stage, []).append((done, total)),
        count=40,
        promised_frames=40,
    )
    for stage in Stage:
        steps = told[stage]
        assert steps == sorted(steps)
        assert steps[-1] == (40, 40)
    assert (14, 40) in told[Stage.LOOKING], "all frames are surveyed, and the detector's part is to come"
    assert (32, 40) in told[Stage.VERIFYING]


@pytest.mark.parametrize("fails_after", [0, 1, 2, 3])
def test_a_detector_that_fails_leaves_nothing(tmp_path: Path, fails_after: int) -> None:
    with pytest.raises(VerificationError, match="could not be looked for"):
        _scrubbed(tmp_path, InkFinder(fails_after=fails_after))
    assert not list(tmp_path.iterdir())


def test_what_a_reviewer_lets_stay_stays_and_is_no_reason_to_fail(tmp_path: Path) -> None:
    report = _scrubbed(tmp_path, removed=(Box(0, 80, 320, 160),))
    assert min(_brightest(tmp_path)) > 200
    scrub = report.to_json()["scrub"]
    assert [found["is_masked"] for found in scrub["findings"]] == [False] * len(scrub["findings"])
    assert scrub["findings"]


def test_what_a_reviewer_adds_is_black_in_its_frames(tmp_path: Path) -> None:
    _scrubbed(tmp_path, draw=tissue, added=(Box(0, 0, 320, 240, 3, 5),))
    dark = [number for number, level in enumerate(_brightest(tmp_path)) if level < 30]
    assert dark == [3, 4, 5]


def test_a_reviewer_is_shown_the_source(tmp_path: Path) -> None:
    shown: list[ReviewPicture] = []
    report = _scrubbed(tmp_path, review=shown.append)
    names = [one.name for one in shown]
    assert names == [one["name"] for one in report.to_json()["scrub"]["pictures"]]
    (middle,) = [one for one in shown if one.name == "median"]
    assert int(middle.rgb.max()) > 200


def test_a_scrub_is_cancelled_at_any_stage(tmp_path: Path) -> None:
    for stage in Stage:
        seen: set[Stage] = set()
        with pytest.raises(ConversionCancelled):
            _scrubbed(
                tmp_path,
                progress=lambda own, done, total, seen=seen: seen.add(own),
                cancelled=lambda stage=stage, seen=seen: stage in seen,
            )
        assert not list(tmp_path.iterdir())


def test_without_a_scrub_the_report_does_not_speak_of_one(tmp_path: Path) -> None:
    report = canonical(SyntheticVideo(FORM, 3, NAME), tmp_path)
    assert "scrub" not in report.to_json()
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["OBXXXX1A_2frame.dcm", "orthanc-Issue164-87fr-burnedname.dcm", "dcm4che-YBR_FULL-RLE-DOE-JOHN.dcm"],
)
def test_real_loops_with_names_come_out_and_nothing_is_found_in_them(
    shared_data: Path, tmp_path: Path, name: str
) -> None:
    from ground.ppocr import open_text_finder  # noqa: PLC0415 - a second to load
    from ground.source import FileSource  # noqa: PLC0415
    from video.convert import convert  # noqa: PLC0415

    with FileSource(shared_data / "ultrasound" / name) as source:
        report = convert(
            source,
            tmp_path,
            progress=lambda *step: None,
            cancelled=lambda: False,
            rules=ScrubRules(),
            finder=open_text_finder(threads=2),
        )
    scrub = report.to_json()["scrub"]
    assert scrub["material"] == "ultrasound"
    assert scrub["findings"] and scrub["residual_text"] == 0
    assert report.psnr_db["min"] >= 45
