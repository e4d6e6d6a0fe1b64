"""JPEG streams without decoding pixels: complete a tile, prove it unchanged, crop it without loss."""

from tiling.jpeg.crop import crop
from tiling.jpeg.markers import JpegFrame, TileCompleter, complete_tile, frame_info, scan_digest

__all__ = ["JpegFrame", "TileCompleter", "complete_tile", "crop", "frame_info", "scan_digest"]
