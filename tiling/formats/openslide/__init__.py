"""What only OpenSlide knows to read: Leica, Ventana, Philips, 3DHISTECH, Zeiss, Trestle, Sakura."""

from tiling.formats.openslide.slide import OpenSlideSlide, open_with_openslide

__all__ = ["OpenSlideSlide", "open_with_openslide"]
