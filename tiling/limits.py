"""What this machine is willing to take on: bounds that a hostile file cannot talk us out of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Each field is the largest value that is accepted."""

    pixels: int = 2**40  # a slide of 1 mm² at 0.1 µm/px has 2^27; the largest scans stay below 2^36
    tiles: int = 2_000_000  # the index of a canonical slide takes 16 bytes a tile
    directories: int = 512  # Aperio files have 4–8, multi-plane ones some dozens
    entries_per_directory: int = 1_024
    tag_bytes: int = 64 * 2**20  # one tag's value: tile offsets are the largest, 8 bytes a tile
    text_bytes: int = 2**20  # one description
    tile_side_px: int = 2_048
    tile_bytes: int = 64 * 2**20  # one compressed tile
