"""The first classes stand out on a stained slide, and from one another."""

import itertools
import random

import pytest

from annotations.ontology import Ontology
from server.ambient import Ambient
from server.annotating.default_classes import default_classes

STAINS = {
    "haematoxylin, dark": (60, 40, 110),
    "haematoxylin": (110, 80, 150),
    "eosin": (225, 150, 190),
    "eosin, dark": (190, 90, 150),
    "erythrocytes": (200, 60, 90),
    "glass": (243, 241, 244),
}
LEAST_DIFFERENCE = 25.0
"""ΔE*ab (CIE 1976). 2.3 is just noticeable side by side; 25 is another colour at a glance."""

CLASSES = default_classes(Ambient(lambda: None, random.Random(1).randbytes))  # noqa: S311


def lab(rgb: tuple[int, int, int]) -> tuple[float, float, float]:
    """sRGB to CIE L*a*b* (D65), IEC 61966-2-1."""
    r, g, b = ((c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for c in (v / 255 for v in rgb))
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883
    fx, fy, fz = (t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def difference(first: tuple[int, int, int], second: tuple[int, int, int]) -> float:
    return sum((a - b) ** 2 for a, b in zip(lab(first), lab(second), strict=True)) ** 0.5


def rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def test_they_are_an_ontology_with_the_digits_as_keys():
    assert [label.hotkey for label in Ontology(1, CLASSES).classes] == list("123456789")


@pytest.mark.parametrize("label", CLASSES, ids=lambda label: label.name)
def test_a_colour_stands_out_on_the_stain(label):
    for stain, color in STAINS.items():
        assert difference(rgb(label.color), color) >= LEAST_DIFFERENCE, stain


def test_no_two_colours_are_taken_for_one_another():
    for first, second in itertools.combinations(CLASSES, 2):
        assert difference(rgb(first.color), rgb(second.color)) >= LEAST_DIFFERENCE, (first.name, second.name)
