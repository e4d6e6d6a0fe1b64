"""When frames are shown, from everything that files say of it."""

from typing import Any

import pytest
from pydicom.dataset import Dataset

from tests.video.dicom.dicom_clips import dicom_loop, opened, pictures
from video.errors import VideoTooLargeError
from video.limits import Limits

LOOP = pictures(4, colour=False)


def times_of(**stated: Any) -> list[float]:
    return [round(frame.time_s, 6) for frame in opened(dicom_loop(LOOP, **stated)).frames()]


def without_frame_time(**stated: Any) -> dict[str, Any]:
    return {"FrameTime": None, "FrameIncrementPointer": None, **stated}


def test_frame_time_is_in_milliseconds() -> None:
    assert times_of(FrameTime="33.333") == [0.0, 0.033333, 0.066666, 0.099999]


def test_a_vector_times_each_frame_from_the_one_before() -> None:
    stated = {"FrameIncrementPointer": 0x00181065, "FrameTimeVector": ["0", "40", "20", "100"]}
    assert times_of(**stated) == [0.0, 0.04, 0.06, 0.16]
    assert times_of(**{**stated, "FrameTimeVector": ["35", "40", "20", "100"]}) == [0.0, 0.04, 0.06, 0.16]


def test_a_vector_without_the_first_zero_is_understood() -> None:
    stated = {"FrameIncrementPointer": 0x00181065, "FrameTimeVector": ["40", "20", "100"]}
    assert times_of(**stated) == [0.0, 0.04, 0.06, 0.16]


def test_a_vector_that_is_too_short_goes_on_at_its_mean_and_says_so() -> None:
    video = opened(
        dicom_loop(LOOP, **without_frame_time(FrameIncrementPointer=0x00181065, FrameTimeVector=["0", "50"]))
    )
    assert [frame.time_s for frame in video.frames()] == pytest.approx([0.0, 0.05, 0.1, 0.15])
    assert any(remark.startswith("The file times 2 of 4 frames") for remark in video.remarks)


def test_the_pointer_chooses_between_the_two() -> None:
    both = {"FrameTime": "10", "FrameTimeVector": ["0", "40", "20", "100"]}
    assert times_of(**both, FrameIncrementPointer=0x00181063) == [0.0, 0.01, 0.02, 0.03]
    assert times_of(**both, FrameIncrementPointer=0x00181065) == [0.0, 0.04, 0.06, 0.16]


@pytest.mark.parametrize(
    ("stated", "step_s"),
    [
        ({"CineRate": "50"}, 0.02),
        ({"RecommendedDisplayFrameRate": "10"}, 0.1),
        ({"CineRate": "50", "RecommendedDisplayFrameRate": "10"}, 0.02),
        ({"ActualFrameDuration": "125"}, 0.125),
        ({"EffectiveDuration": "2"}, 0.5),
        ({"FrameTime": "0", "CineRate": "20"}, 0.05),
        ({"FrameTime": "-40", "CineRate": "0", "RecommendedDisplayFrameRate": "4"}, 0.25),
        ({}, 0.04),
    ],
)
def test_without_times_a_rate_is_taken(stated: dict[str, Any], step_s: float) -> None:
    video = opened(dicom_loop(LOOP, **without_frame_time(**stated)))
    assert [frame.time_s for frame in video.frames()] == pytest.approx([n * step_s for n in range(4)])
    is_rate_of_display = "ActualFrameDuration" not in stated
    assert (
        any("frames/s" in remark or "spread over" in remark for remark in video.remarks) is is_rate_of_display
    )


def test_an_assumed_rate_is_remarked() -> None:
    video = opened(dicom_loop(LOOP, **without_frame_time()))
    assert "The file says nothing of time; 25 frames/s are assumed." in video.remarks


def test_one_frame_needs_no_time() -> None:
    video = opened(dicom_loop(LOOP[:1], **without_frame_time()))
    assert [frame.time_s for frame in video.frames()] == [0.0]
    assert video.remarks == ()


def group(moment: str) -> Dataset:
    content, item = Dataset(), Dataset()
    content.FrameAcquisitionDateTime = moment
    item.FrameContentSequence = [content]
    return item


def test_frames_of_enhanced_objects_have_moments_of_their_own() -> None:
    moments = ["20200101235959.50", "20200101235959.75", "20200102000000.5", "20200102000002"]
    stated = without_frame_time(PerFrameFunctionalGroupsSequence=[group(moment) for moment in moments])
    assert times_of(**stated) == [0.0, 0.25, 1.0, 2.5]


@pytest.mark.filterwarnings("ignore:Invalid value for VR DT")
@pytest.mark.parametrize("bad", ["", "20209901235959", "19990101000000"])
def test_moments_that_are_missing_or_fall_are_not_used(bad: str) -> None:
    moments = ["20200101235959", bad, "20200102000001", "20200102000002"]
    stated = without_frame_time(PerFrameFunctionalGroupsSequence=[group(moment) for moment in moments])
    assert times_of(**stated) == [0.0, 0.04, 0.08, 0.12]


def test_a_clip_that_lasts_for_days_is_refused() -> None:
    video = opened(dicom_loop(LOOP, FrameTime="3000000"), Limits(duration_s=3_600))
    with pytest.raises(VideoTooLargeError, match="longer than 1 hours"):
        list(video.frames())
