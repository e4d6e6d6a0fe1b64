"""Of an Aperio description two numbers are believed, and only if they are plain and possible."""

import pytest

from tiling.formats.svs.description import is_aperio, parse

REAL = (
    b"Aperio Image Library v11.2.1 \r\n46000x32914 [42673,5576 2220x2967] (240x240) JPEG/RGB Q=30;"
    b"Aperio Image Library v10.0.51\r\n46920x33014 [0,100 46000x32914] (256x256) JPEG/RGB Q=30|AppMag = 20|"
    b"StripeWidth = 2040|Filename = CMU-1|MPP = 0.4990|Left = 25.691574|OriginalWidth = 46920\0"
)


def test_scale_and_power_are_read_from_a_real_description() -> None:
    stated = parse(REAL)
    assert stated.mpp_um == 0.499
    assert stated.objective_power == 20.0
    assert is_aperio(REAL)
    assert not is_aperio(b"Hamamatsu|MPP = 0.25")


@pytest.mark.parametrize(
    "text", ["", "nan", "inf", "-0.25", "0", "1_0", "0.2 5", ".", "0x1", "0.25 um", "1000", "٢"]
)
def test_an_odd_scale_is_no_scale(text: str) -> None:
    assert parse(f"Aperio|MPP = {text}|AppMag = 20".encode()).mpp_um is None


@pytest.mark.parametrize("text", ["0,25", "25e-2", ".25", "+0.25", "0.250 ", "2.5E-1"])
def test_a_scale_is_read_in_every_spelling_that_openslide_reads(text: str) -> None:
    assert parse(f"Aperio|MPP={text}|AppMag = 20".encode()).mpp_um == 0.25
    assert parse(f"Aperio|Mpp = {text}".encode()).mpp_um == 0.25


def test_two_scales_that_contradict_each_other_are_no_scale() -> None:
    assert parse(b"Aperio|MPP = 0.25|MPP = 0.50").mpp_um is None
    assert parse(b"Aperio|MPP = 0.25|MPP = 0.2500").mpp_um == 0.25


def test_a_key_that_only_ends_alike_is_another_key() -> None:
    assert parse(b"Aperio|NotMPP = 0.25|Patient MPP = 0.5").mpp_um is None
    assert parse(b"Aperio MPP = 0.25").mpp_um is None  # before the first bar: free text
