"""JPEG streams without decoding pixels: complete a tile, prove it unchanged, crop it, cut it into others.

What most callers want is here. Cutting is in `regrid`, whose docstring says how; `resync` finds places inside
a scan without restart markers at which it can be cut.
"""

from tiling.jpeg.crop import crop
from tiling.jpeg.markers import JpegFrame, TileCompleter, complete_tile, frame_info, scan_digest

__all__ = ["JpegFrame", "TileCompleter", "complete_tile", "crop", "frame_info", "scan_digest"]
