"""Everything that the files hold, and what becomes of it: in detail for a TIFF, in sums for all else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tiling.errors import CorruptSlideError
from tiling.geometry import Size
from tiling.limits import Limits
from tiling.model import Action, AssociatedImage, Level, Place
from tiling.tiff.images import TiffImage, read_image
from tiling.tiff.inventory import Listed, list_places, with_linked
from tiling.tiff.reader import Directory, TiffFile
from tiling.tiff.texts import list_texts, without_pictures

_DESCRIPTION_BYTES = 64 * 2**20  # Philips writes label and macro into its words


@dataclass(frozen=True, slots=True)
class Inventory:
    """page, image: the TIFF directory that is level 0, neither moved nor joined with others."""

    places: tuple[Place, ...]
    texts: tuple[bytes, ...]
    l0_bytes: int
    page: int | None = None
    image: TiffImage | None = None


def inventory_of_tiff(tiff: TiffFile, level_0: Size, texts: Sequence[bytes], limits: Limits) -> Inventory:
    images = [_image(tiff, directory, limits) for directory in tiff.directories]
    base = max(range(len(images)), key=lambda number: _tile_bytes(images[number]))
    listed = [
        Listed(
            f"directory {number} (level 0)" if number == base else f"directory {number}",
            directory,
            image,
            is_base=number == base,
        )
        for number, (directory, image) in enumerate(zip(tiff.directories, images, strict=True))
    ]
    listed = with_linked(tiff, listed, limits)
    image = images[base]
    is_whole = image is not None and image.size == level_0
    return Inventory(
        tuple(list_places(tiff, listed)),
        searchable([*texts, *list_texts(tiff, listed)]),
        _tile_bytes(image),
        base if is_whole else None,
        image if is_whole else None,
    )


def _image(tiff: TiffFile, directory: Directory, limits: Limits) -> TiffImage | None:
    """A directory that is none of our business may be odd; OpenSlide has judged the others."""
    try:
        return read_image(tiff, directory, replace(limits, text_bytes=_DESCRIPTION_BYTES))
    except CorruptSlideError:
        return None


def _tile_bytes(image: TiffImage | None) -> int:
    return image.tiles.total_bytes if image is not None and image.tiles is not None else 0


def inventory_of_files(
    file_sizes: Sequence[int],
    levels: Sequence[Level],
    associated: Sequence[AssociatedImage],
    texts: Sequence[bytes],
) -> Inventory:
    """How the bytes share among levels is not known from outside: it is taken to be as their pixels do."""
    total = sum(file_sizes)
    pixels = [level.size.pixel_count for level in levels]
    shares = [total * count // sum(pixels) for count in pixels]
    places = [Place("level 0, its share of the files", Action.KEPT, shares[0])]
    places += [
        Place(f"level {number}, its share of the files", Action.DROPPED, share)
        for number, share in enumerate(shares[1:], 1)
    ]
    places += [
        Place(f"associated image {number} ({image.role.value})", Action.DROPPED, 0)
        for number, image in enumerate(associated, 1)
    ]
    places.append(Place(f"{len(texts)} text values", Action.DROPPED, sum(map(len, texts))))
    if len(file_sizes) > 1:
        places.append(Place(f"names of {len(file_sizes)} files", Action.DROPPED, 0))
    return Inventory(tuple(places), searchable(texts), max(1, shares[0]))


def searchable(texts: Iterable[bytes]) -> tuple[bytes, ...]:
    """Each once, without the pictures that some of them hold."""
    return tuple(dict.fromkeys(without_pictures(text) for text in texts))
