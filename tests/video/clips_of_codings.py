"""Clips of every coding and colour layout that comes in."""

from dataclasses import replace
from fractions import Fraction

from tests.video.clip_writing import H264, MILLISECOND, TICK_90K, X264, Clip, Recipe, clip_of, register

VP9 = Recipe(
    "webm",
    "libvpx-vp9",
    time_base=MILLISECOND,
    codec_options={"deadline": "realtime", "cpu-used": "8", "crf": "20", "b": "0"},
)
HEVC = Recipe("mp4", "libx265", codec_options={"preset": "ultrafast", "x265-params": "log-level=none:crf=16"})


@register
def yuv444() -> Clip:
    return clip_of("mp4", replace(H264, pixel_format="yuv444p", b_frames=2))


@register
def yuv444_odd_sides() -> Clip:
    return clip_of("mp4", replace(H264, pixel_format="yuv444p", width_px=161, height_px=119))


@register
def yuv420_odd_sides() -> Clip:
    return clip_of("webm", replace(VP9, width_px=161, height_px=119))


@register
def yuv422() -> Clip:
    return clip_of("mp4", replace(H264, pixel_format="yuv422p"))


@register
def ten_bit() -> Clip:
    return clip_of("mp4", replace(H264, pixel_format="yuv420p10le", b_frames=2))


@register
def ten_bit_422() -> Clip:
    return clip_of(
        "mov", replace(H264, muxer="mov", codec="prores_ks", pixel_format="yuv422p10le", codec_options={})
    )


@register
def gray() -> Clip:
    return clip_of("mkv", Recipe("matroska", "ffv1", time_base=MILLISECOND, pixel_format="gray"))


@register
def rgb() -> Clip:
    return clip_of("mov", replace(H264, muxer="mov", codec="png", pixel_format="rgb24", codec_options={}))


@register
def bottom_up_rgb() -> Clip:
    """Plain RGB in AVI stands on its head, which decoders say by rows that run backwards."""
    return clip_of(
        "avi", Recipe("avi", "rawvideo", time_base=Fraction(1, 25), pixel_format="bgr24", width_px=162)
    )


@register
def full_range() -> Clip:
    return clip_of("mp4", replace(H264, colour_range=2, matrix=1))


@register
def interlaced() -> Clip:
    options = {**X264, "x264-params": "interlaced=1:tff=1"}
    return clip_of("mp4", replace(H264, codec_options=options, height_px=128, is_interlaced=True))


@register
def wide_pixels() -> Clip:
    return clip_of("mp4", replace(H264, pixel_aspect=Fraction(64, 45)))


@register
def hevc() -> Clip:
    return clip_of("mp4", replace(HEVC, b_frames=2))


@register
def hevc_open_gop() -> Clip:
    options = {
        "preset": "veryfast",
        "x265-params": "log-level=none:crf=16:open-gop=1:keyint=12:bframes=4:b-adapt=0",
    }
    return clip_of("mp4", replace(HEVC, codec_options=options, b_frames=4))


@register
def hevc_ten_bit() -> Clip:
    return clip_of("mkv", replace(HEVC, muxer="matroska", time_base=MILLISECOND, pixel_format="yuv420p10le"))


@register
def av1() -> Clip:
    return clip_of("mp4", replace(H264, codec="libsvtav1", codec_options={"preset": "8", "crf": "12"}))


@register
def vp8() -> Clip:
    """With hidden pictures that are only predicted from (alternate references)."""
    options = {"auto-alt-ref": "1", "lag-in-frames": "16", "cpu-used": "8", "b": "2000000"}
    return clip_of("webm", replace(VP9, codec="libvpx", codec_options=options))


@register
def vp9() -> Clip:
    """With hidden pictures, several in one packet."""
    options = {
        "auto-alt-ref": "1",
        "lag-in-frames": "16",
        "cpu-used": "8",
        "deadline": "good",
        "b": "2000000",
    }
    return clip_of("webm", replace(VP9, codec_options=options))


@register
def motion_jpeg() -> Clip:
    return clip_of(
        "avi", Recipe("avi", "mjpeg", time_base=Fraction(1, 25), pixel_format="yuvj422p", colour_range=2)
    )


@register
def yuv411() -> Clip:
    return clip_of("mkv", Recipe("matroska", "ffv1", time_base=MILLISECOND, pixel_format="yuv411p"))


@register
def mpeg4_with_b_frames() -> Clip:
    return clip_of("avi", Recipe("avi", "mpeg4", time_base=Fraction(1, 25), b_frames=2))


@register
def mpeg2_program_stream() -> Clip:
    return clip_of("mpg", Recipe("vob", "mpeg2video", time_base=Fraction(1, 25), b_frames=2))


@register
def mpeg1_program_stream() -> Clip:
    return clip_of("mpg", Recipe("mpeg", "mpeg1video", time_base=Fraction(1, 25), b_frames=2))


@register
def mpeg2_transport_stream() -> Clip:
    return clip_of("ts", Recipe("mpegts", "mpeg2video", time_base=Fraction(1, 25), b_frames=2))


@register
def mpeg2_interlaced() -> Clip:
    recipe = Recipe("vob", "mpeg2video", time_base=Fraction(1, 25), height_px=128, is_interlaced=True)
    return clip_of("mpg", recipe)


@register
def h264_transport_stream() -> Clip:
    """Begun at 36,000 s, as a recorder does that has been on since the morning."""
    ticks = [36_000 * 90_000 + number * 3_600 for number in range(60)]
    return clip_of("ts", replace(H264, muxer="mpegts", time_base=TICK_90K, ticks=ticks, b_frames=2))


@register
def matroska() -> Clip:
    return clip_of("mkv", replace(H264, muxer="matroska", time_base=MILLISECOND, b_frames=2))


@register
def flash() -> Clip:
    return clip_of("flv", replace(H264, muxer="flv", time_base=MILLISECOND, b_frames=2))


@register
def windows_media() -> Clip:
    return clip_of("wmv", Recipe("asf", "wmv2", time_base=MILLISECOND))


@register
def bare_h264() -> Clip:
    """No container and so no times: the rate is the one that ffmpeg takes."""
    return clip_of("h264", replace(H264, muxer="h264"))


@register
def bare_mpeg2() -> Clip:
    return clip_of("m2v", Recipe("mpeg2video", "mpeg2video", time_base=Fraction(1, 25), b_frames=2))
