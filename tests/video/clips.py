"""Small clips, made here, in which every frame carries its number as a picture code.

    clip = make("b_frames")        # made once a session
    clip.data, clip.source         # the file's bytes; the same as a ByteSource
    clip.codes                     # what `read_code` must read in frames 0, 1, 2 … as they are presented
    clip.times_s                   # when each is presented, seconds since the first
    clip.width_px, clip.height_px  # as presented, upright

    @pytest.mark.parametrize("name", NAMES)     # every clip there is

    draw_code(7, 320, 240)         # RGB picture with a code; `stamp_code` draws into arrays
    read_code(luma_or_rgb)         # 7
    write_clip(Recipe("mp4", "libx264", codes=range(500), width_px=1280, height_px=720, gop=250))

Codes are usually 0, 1, 2 …; hidden frames (cut off by an edit list) carry `HIDDEN` plus something.
"""

from tests.video import clips_of_boxes, clips_of_carriers, clips_of_codings, clips_of_times
from tests.video.clip_writing import HIDDEN, MAKERS, BytesSource, Clip, Recipe, clip_of, make, write_clip
from tests.video.picture_code import UnreadableCodeError, draw_code, read_code, stamp_code

__all__ = [
    "GROUPS",
    "HIDDEN",
    "NAMES",
    "BytesSource",
    "Clip",
    "Recipe",
    "UnreadableCodeError",
    "clip_of",
    "draw_code",
    "make",
    "read_code",
    "stamp_code",
    "write_clip",
]

GROUPS = (clips_of_times, clips_of_codings, clips_of_boxes, clips_of_carriers)
NAMES = tuple(MAKERS)
"""Every clip that `make` knows."""
