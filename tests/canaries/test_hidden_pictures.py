"""Pictures that a clip has but no player shows are in nothing that is written of it.

They are green, as no tissue is, with a name on them: frames before and behind an edit list, rows and columns
that are cropped away, tracks that are switched off, what shines through, covers.
"""

import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from tests.canaries.clip_planting import shown
from tests.canaries.odd_clip_planting import with_tracks_off
from tests.tiling.conversions import BytesSource
from tests.video.clip_writing import H264, MILLISECOND, Recipe, frame_of, write_clip
from tests.video.mp4_boxes import media_scale, movie_scale, with_clean_aperture, with_edits
from tests.video.picture_code import Pixels
from video.convert import convert

WIDTH_PX, HEIGHT_PX, COUNT, HIDDEN = 160, 128, 12, 5
EDGE_PX = 32
GREEN = (0, 255, 0)


def green(width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX) -> Pixels:
    picture = np.full((height_px, width_px, 3), GREEN, np.uint8)
    cv2.putText(picture, "DOE JANE", (4, height_px - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (0, 0, 0), 2)
    return picture


def is_green(rgb: Pixels) -> bool:
    """More than what bleeds over from a neighbour."""
    wide = rgb.astype(int)
    return int(((wide[..., 1] > 180) & (wide[..., 0] < 90) & (wide[..., 2] < 90)).sum()) > 16


def tissue(number: int) -> Pixels:
    return shown(number, WIDTH_PX, HEIGHT_PX)


def bordered(number: int) -> Pixels:
    """The name stands in the rows and columns at the right and below."""
    picture = green()
    picture[:-EDGE_PX, :-EDGE_PX] = tissue(number)[:-EDGE_PX, :-EDGE_PX]
    return picture


def recipe(muxer: str = "mp4", **changed: object) -> Recipe:
    return replace(
        H264, muxer=muxer, width_px=WIDTH_PX, height_px=HEIGHT_PX, codes=range(COUNT), **changed,
    )  # fmt: skip  # type: ignore[arg-type]


def behind_an_edit_list() -> bytes:
    pictures = [green()] * HIDDEN + [tissue(number) for number in range(COUNT)] + [green()] * HIDDEN
    data = write_clip(replace(recipe(), codes=range(len(pictures))), pictures)
    ticks = media_scale(data) // 25
    return with_edits(data, [(COUNT * movie_scale(data) // 25, HIDDEN * ticks)])


def cropped_by_its_parameters() -> bytes:
    """H.264's own cropping (7.4.2.1.1)."""
    buffer = io.BytesIO()
    made = recipe()
    with av.open(buffer, "w", format="h264") as output:
        stream = output.add_stream(made.codec, rate=25, options=dict(made.codec_options))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        stream.codec_context.time_base = made.time_base
        words = f"h264_metadata=crop_right={EDGE_PX}:crop_bottom={EDGE_PX}"
        cropping = BitStreamFilterContext(words, stream)
        for number, tick in enumerate(made.shown_ticks()):
            for packet in stream.encode(frame_of(bordered(number), tick, made)):
                output.mux(cropping.filter(packet))
        for packet in stream.encode(None):
            output.mux(cropping.filter(packet))
    return buffer.getvalue()


def cropped_by_its_box() -> bytes:
    """QuickTime's clean aperture, about the centre: what is beyond it may be shown to the reviewer."""
    width_px, height_px = WIDTH_PX - EDGE_PX, HEIGHT_PX - EDGE_PX
    offset = (-EDGE_PX, 2)
    fields = (width_px, 1, height_px, 1, *offset, *offset)
    data = write_clip(recipe(), (bordered(number) for number in range(COUNT)))
    return with_clean_aperture(data, struct.pack(">8i", *fields))


def beside_another_track() -> bytes:
    """A larger one that is switched off, and a cover."""
    buffer = io.BytesIO()
    made = recipe("mov")
    with av.open(buffer, "w", format="mov") as output:
        streams = []
        for _ in range(2):
            stream = output.add_stream(made.codec, rate=25, options=dict(made.codec_options))
            assert isinstance(stream, VideoStream)
            stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
            stream.codec_context.time_base = made.time_base
            streams.append(stream)
        for number, tick in enumerate(made.shown_ticks()):
            for stream, picture in zip(streams, (tissue(number), green()), strict=True):
                output.mux(stream.encode(frame_of(picture, tick, made)))
        for stream in streams:
            output.mux(stream.encode(None))
    return with_tracks_off(buffer.getvalue())


def with_a_cover() -> bytes:
    def prepare(output: av.container.OutputContainer, _: VideoStream) -> None:
        jpeg = io.BytesIO()
        Image.fromarray(green(400, 300)).save(jpeg, "JPEG")
        cover = output.add_mux_stream("mjpeg", width=400, height=300)
        cover.disposition = Disposition.attached_pic
        packet = Packet(jpeg.getvalue())
        packet.stream = cover
        output.mux(packet)

    return write_clip(recipe(prepare=prepare), (tissue(number) for number in range(COUNT)))


def where_nothing_shines_through() -> bytes:
    """A QuickTime film in which the name is where the picture is transparent."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mov") as output:
        stream = output.add_stream("png", rate=25)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "rgba"
        stream.codec_context.time_base = MILLISECOND
        for number in range(COUNT):
            alpha = np.zeros((HEIGHT_PX, WIDTH_PX, 1), np.uint8)
            alpha[:-EDGE_PX, :-EDGE_PX] = 255
            frame = VideoFrame.from_ndarray(np.concatenate([bordered(number), alpha], axis=2), format="rgba")
            frame.pts, frame.time_base = 40 * number, MILLISECOND
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return buffer.getvalue()


def behind_a_gif_s_frames() -> bytes:
    """Pictures that are drawn for no time at all, and one behind the end."""
    buffer = io.BytesIO()
    images = [Image.fromarray(tissue(number)) for number in range(COUNT)]
    images[0].save(buffer, "GIF", save_all=True, append_images=images[1:], duration=40, loop=0)
    extra = io.BytesIO()
    Image.fromarray(green()).save(extra, "GIF")
    return buffer.getvalue() + extra.getvalue()


def converted(data: bytes, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    convert(BytesSource(data), folder, progress=lambda *_: None, cancelled=lambda: False, workers=1)


def pictures_in(folder: Path) -> Iterator[Pixels]:
    """Every frame, with and without regard to edit lists, and every other picture that is stored."""
    for option in ("0", "1"):
        with av.open(str(folder / "video.mp4"), options={"ignore_editlist": option}) as film:
            for stream in range(len(film.streams.video)):
                film.seek(0)
                yield from (frame.to_ndarray(format="rgb24") for frame in film.decode(video=stream))
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        starts = [at for at in range(len(data) - 3) if data[at : at + 3] == b"\xff\xd8\xff"]
        for at in starts if path.suffix != ".mp4" else ():
            picture = cv2.imdecode(np.frombuffer(data[at:], np.uint8), cv2.IMREAD_COLOR)
            if picture is not None:
                yield np.asarray(picture)[..., ::-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        behind_an_edit_list, cropped_by_its_parameters, beside_another_track, with_a_cover,
        behind_a_gif_s_frames,
    ],
)  # fmt: skip
def test_what_no_player_shows_is_in_no_picture(make: Callable[[], bytes], tmp_path: Path) -> None:
    converted(make(), tmp_path / "out")
    found = [is_green(picture) for picture in pictures_in(tmp_path / "out")]
    assert len(found) >= 2 * COUNT
    assert not any(found)


@pytest.mark.slow
@pytest.mark.parametrize("make", [cropped_by_its_box, where_nothing_shines_through])
def test_what_only_some_players_hide_is_looked_at(make: Callable[[], bytes], tmp_path: Path) -> None:
    """It may stay in the frame, but never unseen: then it is a part of every picture that is reviewed."""
    converted(make(), tmp_path / "out")
    found = [is_green(picture) for picture in pictures_in(tmp_path / "out")]
    assert len(found) >= 2 * COUNT
    assert all(found) or not any(found)
