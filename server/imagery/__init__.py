"""Canonical slides, opened once and read by many."""

from server.imagery.shelf import SlideShelf

__all__ = ["SlideShelf"]
