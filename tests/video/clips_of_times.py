"""Clips whose frames come in every order and at every time."""

from dataclasses import replace

import numpy as np

from tests.video.clip_writing import H264, X264, Clip, clip_of, register


@register
def constant_rate() -> Clip:
    return clip_of("mp4", H264)


@register
def b_frames() -> Clip:
    options = {**X264, "x264-params": "b-pyramid=normal:b-adapt=0"}
    return clip_of("mp4", replace(H264, codec_options=options, b_frames=3))


@register
def open_gop() -> Clip:
    options = {**X264, "x264-params": "open-gop=1:b-adapt=0:scenecut=0"}
    return clip_of("mp4", replace(H264, codec_options=options, b_frames=3))


@register
def long_gop() -> Clip:
    return clip_of("mp4", replace(H264, codes=range(300), gop=250, b_frames=2))


@register
def variable_rate() -> Clip:
    steps = [400, 512, 1200, 300, 4000, 512, 513]
    ticks = np.cumsum([0, *(steps[number % len(steps)] for number in range(59))]).tolist()
    return clip_of("mp4", replace(H264, ticks=ticks, b_frames=2))


@register
def sparse() -> Clip:
    """Minutes without a frame, as recorders with a foot switch write them."""
    ticks = np.cumsum([0, *(12_800 * 90 if number % 20 == 19 else 512 for number in range(59))]).tolist()
    return clip_of("mp4", replace(H264, ticks=ticks))
