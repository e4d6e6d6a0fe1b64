"""What an undeclared clip shows, where that is plain."""

import cv2
import numpy as np

from tests.video.overlay.loops import HEIGHT, WIDTH, Rgb, banner, clock, fan, loop, rectangle, survey_of, text
from video.overlay.likeness import material_of, shows_echoes
from video.scrub.rules import Material


def _field(colour: tuple[int, int, int], seed: int = 1, frames: int = 6) -> list[Rgb]:
    """A round field of moving blots of about one colour, on black."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    inside = (np.hypot(columns - WIDTH / 2, rows - HEIGHT / 2) < 230)[..., None]
    made = []
    for _ in range(frames):
        blots = cv2.resize(random.uniform(0.4, 1.2, (12, 16)).astype(np.float32), (WIDTH, HEIGHT))
        made.append((np.clip(blots[..., None] * np.array(colour), 0, 255) * inside).astype(np.uint8))
    return made


def test_grey_speckle_in_a_fan_on_black_is_ultrasound() -> None:
    written = [banner(), text("S5-1 49Hz", 10, 120), clock(480, 70)]
    assert material_of(survey_of(loop(fan(), written))) is Material.ULTRASOUND


def test_a_coloured_map_and_a_box_of_flow_leave_it_ultrasound() -> None:
    frames = [np.clip(frame * np.array((0.9, 1.0, 1.12)), 0, 255).astype(np.uint8) for frame in loop(fan())]
    for number, frame in enumerate(frames):
        frame[180:230, 290:350] = ((220, 30, 30), (30, 30, 220))[number % 2]
    assert material_of(survey_of(frames)) is Material.ULTRASOUND


def test_red_tissue_in_a_round_field_is_endoscopy() -> None:
    assert material_of(survey_of(_field((190, 80, 60)))) is Material.ENDOSCOPY


def test_a_grey_round_field_is_neither() -> None:
    assert material_of(survey_of(_field((150, 150, 155)))) is Material.OTHER


def test_a_colourful_clip_is_neither() -> None:
    random = np.random.default_rng(1)
    frames = [random.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8) for _ in range(6)]
    assert material_of(survey_of(frames)) is Material.OTHER


def test_a_grey_clip_that_fills_the_frame_is_not_called_ultrasound() -> None:
    assert material_of(survey_of(loop(rectangle(0, 0, WIDTH, HEIGHT)))) is Material.OTHER


def test_a_bright_screen_with_something_grey_moving_in_it_is_not_ultrasound() -> None:
    frames = loop(rectangle(200, 120, 440, 360))
    for frame in frames:
        frame[rectangle(200, 120, 440, 360) == 0] = 200
    assert material_of(survey_of(frames)) is Material.OTHER


def test_black_frames_are_neither() -> None:
    assert material_of(survey_of([np.zeros((HEIGHT, WIDTH, 3), np.uint8)] * 3)) is Material.OTHER


def test_a_frame_of_one_pixel_is_neither() -> None:
    assert material_of(survey_of([np.full((1, 1, 3), 90, np.uint8)] * 2)) is Material.OTHER


def test_speckle_that_fills_the_frame_shows_echoes() -> None:
    assert shows_echoes(survey_of(loop(rectangle(0, 0, WIDTH, HEIGHT))))


def test_tissue_in_colour_and_smooth_grey_show_none() -> None:
    assert not shows_echoes(survey_of(_field((190, 80, 60))))
    assert not shows_echoes(survey_of(_field((150, 150, 155))))
