"""What is shown of TIFFs whose samples are not simply red, green and blue, and what is said about it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from ground.source import FileSource
from tests.tiling.conversions import BytesSource
from tests.tiling.svs_files import icc_profile, tissue
from tests.tiling.test_tiff import open_tiff, whole
from tiling.errors import CorruptSlideError, UnsupportedSlideError
from tiling.formats.tiff import TiffSlide
from tiling.geometry import Mpp
from tiling.model import ImageRole

PLAIN: dict[str, Any] = {"metadata": None, "software": False}


def written(path: Path, pixels: np.ndarray[Any, Any], **options: Any) -> TiffSlide:
    tifffile.imwrite(path, pixels, **(PLAIN | options))
    return open_tiff(BytesSource(path.read_bytes()))


def ramp(dtype: str, low: float, high: float, height_px: int = 300, width_px: int = 400) -> Any:
    return np.linspace(low, high, height_px * width_px).reshape(height_px, width_px).astype(dtype)


def test_eight_bits_of_grey_are_shown_as_they_are(tmp_path: Path) -> None:
    grey = ramp("uint8", 0, 255)
    slide = written(tmp_path / "a.tif", grey, photometric="minisblack", tile=(64, 64))
    np.testing.assert_array_equal(whole(slide), np.repeat(grey[:, :, None], 3, axis=2))
    assert slide.remarks == ()
    inverted = written(tmp_path / "b.tif", grey, photometric="miniswhite")
    np.testing.assert_array_equal(whole(inverted)[:, :, 1], 255 - grey)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("dtype", ["uint16", "int16", "uint32", "float32", "int8"])
def test_deeper_grey_is_shown_in_a_stated_window(tmp_path: Path, dtype: str, byteorder: str) -> None:
    low, high = {"uint16": (100, 4_100), "float32": (0.25, 0.75), "int8": (-100, 100)}.get(dtype, (0, 30_000))
    values = ramp(dtype, low, high)
    options: dict[str, Any] = {"compression": "zlib", "predictor": dtype != "int8", "byteorder": byteorder}
    slide = written(tmp_path / "a.tif", values, photometric="minisblack", tile=(64, 64), **options)
    span = high - low
    expected = (values.astype(float) - low - span / 1000) / (span * 0.998) * 255
    assert np.abs(whole(slide)[:, :, 0] - expected.clip(0, 255)).max() <= (4 if dtype == "int8" else 2)
    assert len(slide.remarks) == 1 and slide.remarks[0].startswith("Values of ")
    with slide.witness() as witness:
        assert np.abs(witness.tile_pixels(0).astype(int) - slide.read_tile(0, 0).pixels).max() == 0


def test_sixteen_bits_of_colour_keep_their_proportions(tmp_path: Path) -> None:
    pixels = tissue(300, 200)
    twelve = written(tmp_path / "a.tif", pixels.astype(np.uint16) << 4, photometric="rgb", tile=(64, 64))
    assert twelve.remarks == ("Values of 0 to 4,095 are shown as 0 to 255 in each colour.",)
    assert np.abs(whole(twelve).astype(int) - pixels).max() <= 1
    sixteen = written(tmp_path / "b.tif", pixels.astype(np.uint16) * 257, photometric="rgb")
    np.testing.assert_array_equal(whole(sixteen), pixels)


def test_transparency_is_left_out_or_laid_over_white_and_said(tmp_path: Path) -> None:
    pixels = tissue(300, 200)
    alpha = np.full((200, 300, 1), 255, np.uint8)
    alpha[:, :100] = 0
    rgba = np.concatenate([pixels, alpha], axis=2)
    loose = written(tmp_path / "a.tif", rgba, photometric="rgb", extrasamples=["unassalpha"])
    np.testing.assert_array_equal(whole(loose), pixels)
    assert loose.remarks == ("Of 4 samples a pixel three are shown, the colours.",)
    rgba[:, :100] = 0
    laid = written(tmp_path / "b.tif", rgba, photometric="rgb", extrasamples=["assocalpha"])
    assert (whole(laid)[:, :100] == 255).all()
    np.testing.assert_array_equal(whole(laid)[:, 100:], pixels[:, 100:])
    assert laid.remarks == ("Transparency is laid over white.",)


def test_a_palette_is_looked_up(tmp_path: Path) -> None:
    numbers = ramp("uint8", 0, 255)
    palette = np.stack([np.arange(256), np.arange(256)[::-1], np.full(256, 7)]).astype(np.uint16) * 257
    slide = written(tmp_path / "a.tif", numbers, photometric="palette", colormap=palette)
    np.testing.assert_array_equal(whole(slide), (palette.T // 257).astype(np.uint8)[numbers])


def test_planes_of_samples_without_meaning_are_channels(tmp_path: Path) -> None:
    channels = np.stack([ramp("uint16", 0, 1_000), np.zeros((300, 400), np.uint16)])
    channels[1, :, 200:] = 500
    slide = written(tmp_path / "a.tif", channels, photometric="minisblack", planarconfig="separate")
    shown = whole(slide)
    assert (shown[:, 200:, 1] == 255).all() and (shown[:, :200, 1] == 0).all()
    assert (shown[:, :, 2] == 0).all()
    assert slide.remarks == (
        "Channel 1 of 2 is shown in red: values of 0 to 999.",
        "Channel 2 of 2 is shown in green: values of 0 to 500.",
    )


@pytest.mark.parametrize(
    ("photometric", "dtype", "samples"),
    [("separated", "uint8", 4), ("cielab", "uint8", 3), ("rgb", "complex64", 3)],
)
def test_colours_that_nobody_reads_are_refused(
    tmp_path: Path, photometric: str, dtype: str, samples: int
) -> None:
    with pytest.raises(UnsupportedSlideError):
        written(tmp_path / "a.tif", np.zeros((100, 100, samples), dtype), photometric=photometric)


def test_one_bit_a_pixel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedSlideError):
        written(tmp_path / "a.tif", np.zeros((100, 100), bool), photometric="minisblack")


class TestOme:
    def stack(self, path: Path, **metadata: Any) -> TiffSlide:
        """Two channels, three focal planes of which the second is sharp."""
        planes = np.zeros((3, 2, 300, 400), np.uint16)
        rng = np.random.default_rng(3)
        planes[1] = rng.integers(0, 2_000, planes[1].shape)
        planes[0] = planes[2] = 1_000
        tifffile.imwrite(
            path,
            planes,
            ome=True,
            photometric="minisblack",
            tile=(128, 128),
            metadata={"axes": "ZCYX", "PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm"} | metadata,
        )
        return open_tiff(BytesSource(path.read_bytes()))

    def test_the_sharpest_plane_is_shown_with_all_of_its_channels(self, tmp_path: Path) -> None:
        slide = self.stack(tmp_path / "a.ome.tif")
        assert slide.format_name == "ome-tiff"
        assert slide.remarks[0] == "Focal plane 2 of 3 is shown: it is the sharpest."
        assert slide.remarks[1].startswith("Channel 1 of 2 is shown in red: values of ")
        shown = whole(slide)
        assert shown[:, :, :2].std() > 50 and (shown[:, :, 2] == 0).all()
        assert [place.name for place in slide.places() if place.action.value == "kept"] == [
            "directory 2 (level 0), image tiles",
            "directory 3 (level 0), image tiles",
        ]

    def test_the_scale_is_that_of_the_xml_in_its_unit(self, tmp_path: Path) -> None:
        metadata = {"PhysicalSizeX": 250, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 0.00026}
        slide = self.stack(tmp_path / "a.ome.tif", **metadata, PhysicalSizeYUnit="mm")
        assert slide.mpp == Mpp(0.25, 0.26)
        with slide.witness() as witness:
            assert witness.mpp == slide.mpp

    def test_channels_have_the_colours_that_the_xml_states(self, tmp_path: Path) -> None:
        colours = [0x00FFFFFF, 255]  # cyan; black is no colour
        slide = self.stack(tmp_path / "a.ome.tif", Channel={"Name": ["one", "two"], "Color": colours})
        assert "Channel 1 of 2 is shown in cyan" in slide.remarks[1]
        assert "Channel 2 of 2 is shown in green" in slide.remarks[2]

    def test_a_pyramid_in_sub_directories_is_recognised(self, tmp_path: Path) -> None:
        pixels = tissue(500, 400)
        with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as writer:
            writer.write(pixels, subifds=1, photometric="rgb", tile=(128, 128), metadata={"axes": "YXS"})
            writer.write(pixels[::2, ::2], photometric="rgb", tile=(128, 128), subfiletype=1)
        slide = open_tiff(BytesSource((tmp_path / "a.ome.tif").read_bytes()))
        assert [level.size.width_px for level in slide.levels] == [500, 250]
        names = {place.name for place in slide.places()}
        assert "directory 0 (level 0), sub-directory 1, image tiles" in names
        np.testing.assert_array_equal(whole(slide), pixels)

    def test_a_label_is_no_slide_though_it_is_larger(self, tmp_path: Path) -> None:
        slide_pixels, label = tissue(300, 200), tissue(400, 500)
        with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as writer:
            writer.write(label, photometric="rgb", metadata={"axes": "YXS", "Name": "label image"})
            writer.write(slide_pixels, photometric="rgb", metadata={"axes": "YXS", "Name": "scan"})
        slide = open_tiff(BytesSource((tmp_path / "a.ome.tif").read_bytes()))
        np.testing.assert_array_equal(whole(slide), slide_pixels)
        assert [image.role for image in slide.associated_images] == [ImageRole.UNKNOWN]

    @pytest.mark.parametrize(
        "text",
        [
            '<?xml version="1.0"?><!DOCTYPE OME [<!ENTITY a "b">]><OME><Image/></OME>',
            "<OME><Image><Pixels SizeX='x' SizeY='1' SizeC='1' SizeZ='1' SizeT='1'/></Image></OME>",
            "<OME><Image></OME>",
            "<OME>" * 500 + "</OME>" * 500,
            "<OME><Image><Pixels SizeX='9' SizeY='9' SizeC='99999999' SizeZ='1' SizeT='1'/></Image></OME>",
        ],
    )
    def test_xml_that_cannot_be_used_leaves_a_plain_tiff(self, tmp_path: Path, text: str) -> None:
        slide = written(tmp_path / "a.tif", tissue(300, 200), photometric="rgb", description=text)
        assert slide.format_name == "tiff"

    def test_planes_in_other_files_are_named_as_the_reason(self, tmp_path: Path) -> None:
        text = (
            "<OME UUID='urn:uuid:1'><Image><Pixels DimensionOrder='XYZCT' SizeX='300' SizeY='200' SizeZ='2' "
            "SizeC='3' SizeT='1'><Channel SamplesPerPixel='3'/><TiffData IFD='0'/><TiffData FirstZ='1'>"
            "<UUID FileName='b'>urn:uuid:2</UUID></TiffData></Pixels></Image></OME>"
        )
        with pytest.raises(UnsupportedSlideError, match="several OME-TIFF files"):
            written(tmp_path / "a.tif", tissue(300, 200), photometric="rgb", description=text)


def test_real_stacks_show_their_sharpest_plane(shared_data: Path) -> None:
    with FileSource(shared_data / "slides" / "multi-channel-z-series.ome.tif") as source:
        slide = open_tiff(source)
        assert slide.remarks[0] == "Focal plane 3 of 5 is shown: it is the sharpest."
        assert len(slide.remarks) == 4
    with FileSource(shared_data / "slides" / "cells-2z.ome.tif") as source:
        slide = open_tiff(source)
        assert slide.mpp == Mpp(0.25, 0.25)
        expected = tifffile.imread(shared_data / "slides" / "cells-2z.ome.tif", key=1)
        # Its palette is a ramp of green.
        np.testing.assert_array_equal(whole(slide)[:, :, 1], expected)


def qpi(kind: str, more: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="utf-16"?>\r\n<PerkinElmer-QPI-ImageDescription><ImageType>'
        f"{kind}</ImageType><Objective>20x</Objective>{more}</PerkinElmer-QPI-ImageDescription>"
    ).replace(' encoding="utf-16"', "")


def test_a_qptiff_shows_its_channels_and_never_its_label(tmp_path: Path) -> None:
    channel = ramp("uint8", 0, 200)
    options = PLAIN | {"photometric": "minisblack", "tile": (128, 128)}
    options |= {"resolution": (20_000, 20_000), "resolutionunit": "CENTIMETER"}
    with tifffile.TiffWriter(tmp_path / "a.qptiff") as writer:
        for colour in ("0,0,255", "255,255,0"):
            text = qpi("FullResolution", f"<Color>{colour}</Color><Name>canary dye</Name>")
            writer.write(channel, description=text, **options)
        writer.write(tissue(100, 80), photometric="rgb", description=qpi("Thumbnail"), **PLAIN)
        writer.write(channel[::2, ::2], description=qpi("ReducedResolution"), **options)
        writer.write(tissue(900, 800), photometric="rgb", description=qpi("Label"), **PLAIN)
    slide = open_tiff(BytesSource((tmp_path / "a.qptiff").read_bytes()))
    assert slide.format_name == "qptiff"
    assert slide.grid.size.width_px == 400
    assert slide.objective_power == 20
    assert slide.mpp == Mpp(0.5, 0.5)
    assert [remark.split(":")[0] for remark in slide.remarks] == [
        "Channel 1 of 2 is shown in blue",
        "Channel 2 of 2 is shown in yellow",
    ]
    assert b"canary dye" in slide.texts()


def test_an_imagej_stack_is_counted_by_its_first_page(tmp_path: Path) -> None:
    stack = np.zeros((2, 3, 120, 150), np.uint16)
    stack[1] = np.random.default_rng(1).integers(0, 999, (3, 120, 150))
    tifffile.imwrite(
        tmp_path / "a.tif", stack, imagej=True, metadata={"axes": "ZCYX", "Info": "canary words"}
    )
    slide = open_tiff(BytesSource((tmp_path / "a.tif").read_bytes()))
    assert slide.remarks[0] == "Focal plane 2 of 2 is shown: it is the sharpest."
    assert len(slide.remarks) == 4
    assert any(b"canary words" in text for text in slide.texts())


def test_a_cut_file_is_corrupt(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", tissue(300, 200), photometric="rgb", tile=(64, 64), **PLAIN)
    data = (tmp_path / "a.tif").read_bytes()
    with pytest.raises(CorruptSlideError):
        open_tiff(BytesSource(data[: len(data) // 2]))


def test_of_many_channels_the_first_eight_are_shown_and_the_others_counted(tmp_path: Path) -> None:
    channels = np.stack([ramp("uint8", 0, 20 * number + 1) for number in range(1, 12)])
    tifffile.imwrite(tmp_path / "a.ome.tif", channels, ome=True, metadata={"axes": "CYX"})
    slide = open_tiff(BytesSource((tmp_path / "a.ome.tif").read_bytes()))
    assert slide.remarks[-1] == "Of 11 channels the first 8 are shown."
    assert slide.remarks[7].startswith("Channel 8 of 11 is shown in white: ")
    kept = [place for place in slide.places() if place.action.value == "kept"]
    assert len(kept) == 8


def test_a_colour_profile_is_kept_only_of_colours_that_are_the_source_s_own(tmp_path: Path) -> None:
    profile = icc_profile()
    pixels = tissue(300, 200)
    coloured = written(tmp_path / "a.tif", pixels, photometric="rgb", iccprofile=profile)
    assert coloured.icc_profile == profile
    grey = written(tmp_path / "b.tif", pixels[:, :, 0], photometric="minisblack", iccprofile=profile)
    assert grey.icc_profile is None
    ink = profile[:16] + b"CMYK" + profile[20:]
    assert written(tmp_path / "c.tif", pixels, photometric="rgb", iccprofile=ink).icc_profile is None


def test_a_file_that_asks_to_be_turned_is_shown_as_stored_and_said(tmp_path: Path) -> None:
    extra = [(274, 3, 1, 6, False)]
    slide = written(tmp_path / "a.tif", tissue(300, 200), photometric="rgb", extratags=extra)
    assert slide.remarks == ("The file asks to be shown turned or mirrored; it is shown as it is stored.",)
