"""The canonical video: every frame at a known byte range, decodable at once.

video.mp4        all-intra H.264 that any player opens; samples lie one behind the other, nothing between
frames.bin       of each frame its time in the source and where its sample lies
thumbnails.bin   small JPEGs of evenly spaced frames for a timeline
video.json       what a viewer needs to know, sizes and checksums
"""

from video.canonical.decoder import FrameDecoder
from video.canonical.layout import VideoInfo
from video.canonical.reader import CanonicalVideo, SampleRange, open_canonical_video

__all__ = ["CanonicalVideo", "FrameDecoder", "SampleRange", "VideoInfo", "open_canonical_video"]
