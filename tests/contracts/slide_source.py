"""The seam between a scanner's format and the rest of the wing: every format's tests subclass this."""

from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np
import pytest
import simplejpeg

from tiling.geometry import Point
from tiling.model import Action, Carriage, Slide
from tiling.pixels import decode_jpeg


class SlideContract:
    """Subclass it, and give a `slide` fixture: an opened slide whose level 0 has several tiles."""

    @pytest.fixture
    def slide(self) -> Slide:
        raise NotImplementedError

    def test_its_tiles_are_whole_and_cover_level_0(self, slide: Slide) -> None:
        side = slide.grid.tile_size_px
        assert slide.grid.count > 1
        assert side % 16 == 0
        for place in islice(slide.grid, 64):
            tile = slide.read_tile(place.x, place.y)
            assert tile.jpeg is None or tile.pixels is None
            if tile.jpeg is not None:
                assert slide.carriage is not Carriage.ENCODED
                assert decode_jpeg(tile.jpeg, side, side).shape == (side, side, 3)
            if tile.pixels is not None:
                assert slide.carriage is Carriage.ENCODED
                assert tile.pixels.shape == (side, side, 3)
                assert tile.pixels.dtype == np.uint8

    def test_a_jpeg_tile_is_complete_and_says_how_to_read_its_colours(self, slide: Slide) -> None:
        jpeg = slide.read_tile(0, 0).jpeg
        if jpeg is None:
            pytest.skip("this slide does not carry JPEG tiles")
        assert jpeg.startswith(b"\xff\xd8") and jpeg.endswith(b"\xff\xd9")
        assert (b"Adobe\0\x64\0\0\0\0\0" in jpeg) == slide.is_rgb

    def test_level_0_comes_first_and_the_others_are_smaller(self, slide: Slide) -> None:
        assert slide.levels[0].size == slide.grid.size
        assert slide.levels[0].downsample == 1
        assert all(level.downsample > 1 for level in slide.levels[1:])

    def test_a_second_reader_sees_the_same_slide(self, slide: Slide) -> None:
        with slide.witness() as witness:
            assert witness.grid == slide.grid
            assert witness.mpp == slide.mpp
            for index, place in enumerate(islice(slide.grid, 8)):
                tile = slide.read_tile(place.x, place.y)
                side = slide.grid.tile_size_px
                pixels = tile.pixels if tile.jpeg is None else decode_jpeg(tile.jpeg, side, side)
                if pixels is None:
                    assert witness.stored_tile(index) is None
                else:
                    difference = np.abs(witness.tile_pixels(index).astype(int) - pixels)
                    assert difference.mean() < 1

    def test_a_cut_tile_decodes_to_the_source_s_very_pixels(self, slide: Slide) -> None:
        if slide.carriage is not Carriage.CUT:
            pytest.skip("this slide's tiles are not cut")
        with slide.witness() as witness:
            for index, place in enumerate(islice(slide.grid, 32)):
                jpeg = slide.read_tile(place.x, place.y).jpeg
                assert (jpeg is None) == (witness.stored_tile(index) is None)
                if jpeg is None:
                    continue
                shown = slide.grid.region(place.x, place.y).size
                ours = simplejpeg.decode_jpeg(jpeg, colorspace="RGB", fastupsample=True)
                here = np.s_[: shown.height_px, : shown.width_px]
                np.testing.assert_array_equal(ours[here], witness.plain_pixels(index)[here])

    def test_its_remarks_are_whole_sentences_and_its_bytes_are_counted(self, slide: Slide) -> None:
        assert slide.l0_bytes > 0
        assert all(remark.endswith(".") for remark in slide.remarks)

    def test_many_threads_read_the_same_bytes_as_one(self, slide: Slide) -> None:
        places = list(islice(slide.grid, 24)) * 4

        def read(place: Point) -> bytes | None:
            tile = slide.read_tile(place.x, place.y)
            return tile.jpeg if tile.pixels is None else tile.pixels.tobytes()

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(read, places)) == [read(place) for place in places]

    def test_its_places_are_counted_and_the_pixels_of_level_0_are_kept(self, slide: Slide) -> None:
        places = slide.places()
        assert all(place.byte_count >= 0 for place in places)
        assert [place for place in places if place.action is Action.KEPT]
        assert len({place.name for place in places}) == len(places)

    def test_what_it_says_in_words_never_stands_in_a_place_s_name(self, slide: Slide) -> None:
        names = "\n".join(place.name for place in slide.places()).encode()
        values = [text.strip(b"\0 ") for text in slide.texts()]
        assert values
        assert not [value for value in values if len(value) > 5 and value in names]
