"""Errors of the video wing."""


class VideoError(Exception):
    """Base of everything the video wing raises on purpose."""
