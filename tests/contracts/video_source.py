"""The seam between a source's format and the rest of the wing: every format's tests subclass this."""

import hashlib
import math
import re
from itertools import islice, pairwise

import numpy as np
import pytest

from video.model import Action, Frame, Sampling, Video

_LOOKED_AT = 40


def digest(frame: Frame) -> str:
    """Of a frame's samples, wherever they lie."""
    planes = hashlib.sha256()
    for plane in frame.planes:
        planes.update(np.ascontiguousarray(plane).tobytes())
    return planes.hexdigest()


class VideoContract:
    """Subclass it, and give a `video` fixture: an opened source of one frame at least, with nothing lost."""

    @pytest.fixture
    def video(self) -> Video:
        raise NotImplementedError

    def test_its_frames_are_numbered_from_0_and_are_all_as_the_picture_says(self, video: Video) -> None:
        picture = video.picture
        whole = (picture.height_px, picture.width_px)
        halved = (picture.height_px // 2, picture.width_px // 2)
        expected = {
            Sampling.GRAY: [whole],
            Sampling.YUV420: [whole, halved, halved],
            Sampling.YUV444: [whole, whole, whole],
        }[picture.sampling]
        count = 0
        for frame in islice(video.frames(), _LOOKED_AT):
            assert frame.number == count
            assert [plane.shape for plane in frame.planes] == expected
            assert all(plane.dtype == np.uint8 and plane.strides[1] == 1 for plane in frame.planes)
            count += 1
        assert count

    def test_halved_chroma_has_even_sides_beneath_it(self, video: Video) -> None:
        picture = video.picture
        if picture.sampling is Sampling.YUV420:
            assert picture.width_px % 2 == 0 and picture.height_px % 2 == 0
        assert picture.width_px > 0 and picture.height_px > 0
        assert 0 < picture.pixel_aspect < math.inf
        assert picture.sampling is not Sampling.GRAY or picture.is_full_range

    def test_time_begins_at_0_and_never_falls(self, video: Video) -> None:
        times_s = [frame.time_s for frame in video.frames()]
        assert times_s[0] == 0.0
        assert all(math.isfinite(time_s) for time_s in times_s)
        assert all(later >= earlier for earlier, later in pairwise(times_s))

    def test_a_second_pass_gives_the_same_frames(self, video: Video) -> None:
        first = [(frame.number, frame.time_s, digest(frame)) for frame in video.frames()]
        again = [(frame.number, frame.time_s, digest(frame)) for frame in video.frames()]
        assert first == again

    def test_a_pass_that_was_given_up_does_no_harm_to_the_next(self, video: Video) -> None:
        abandoned = video.frames()
        first = digest(next(abandoned))
        del abandoned
        assert digest(next(iter(video.frames()))) == first

    def test_a_frame_stays_what_it_was_while_later_ones_are_read(self, video: Video) -> None:
        kept: list[tuple[Frame, str]] = [
            (frame, digest(frame)) for frame in islice(video.frames(), _LOOKED_AT)
        ]
        assert all(digest(frame) == before for frame, before in kept)

    def test_nothing_is_lost_and_what_it_remarks_is_said_in_whole_sentences(self, video: Video) -> None:
        count = sum(1 for _ in video.frames())
        assert count
        assert video.losses == ()
        assert all(re.fullmatch(r"[A-Z0-9].*\.", remark) for remark in video.remarks)

    def test_its_format_has_a_name_of_ours(self, video: Video) -> None:
        assert re.fullmatch(r"[a-z0-9-]+ \([A-Za-z0-9_. -]+\)", video.format_name)

    def test_what_the_header_promises_is_positive_or_unknown(self, video: Video) -> None:
        assert video.promised_frames is None or video.promised_frames > 0
        assert video.promised_duration_s is None or 0 < video.promised_duration_s < math.inf

    def test_its_regions_lie_within_the_frame(self, video: Video) -> None:
        picture = video.picture
        for region in video.regions:
            assert 0 <= region.x0 < region.x1 <= picture.width_px
            assert 0 <= region.y0 < region.y1 <= picture.height_px

    def test_its_places_are_counted_and_the_pictures_are_not_dropped(self, video: Video) -> None:
        places = video.places()
        assert all(place.byte_count >= 0 for place in places)
        assert [place for place in places if place.action is not Action.DROPPED]
        names = [(place.name, place.action) for place in places]
        assert len(set(names)) == len(names)

    def test_what_it_says_in_words_never_stands_in_our_own(self, video: Video) -> None:
        for _ in video.frames():
            pass
        names = [place.name for place in video.places()]
        ours = "\n".join([*names, *video.remarks, *video.losses, video.format_name]).encode()
        values = [text.strip(b"\0 ") for text in video.texts()]
        assert not [value for value in values if len(value) > 5 and value in ours]
