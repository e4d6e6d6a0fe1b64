"""Whole-slide images: read a scanner's file, write and serve the canonical slide.

Knows neither the server nor the other wings.
"""
