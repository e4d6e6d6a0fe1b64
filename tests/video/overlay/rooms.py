"""Small frames (54 × 96) of clips that were never taken: inside a body, and outside of it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from video.overlay.out_of_body import signs_of

Small = NDArray[np.uint8]
HEIGHT, WIDTH = 54, 96
_ROWS, _COLUMNS = np.mgrid[:HEIGHT, :WIDTH]
_ROUND = (np.hypot(_COLUMNS - WIDTH / 2, _ROWS - HEIGHT / 2) < 38)[..., None]
_THINGS = (
    (40, 90, 160), (30, 130, 120), (60, 150, 140), (220, 222, 225),
    (120, 125, 130), (25, 28, 32), (180, 150, 110), (245, 245, 240),
)  # fmt: skip
WALLS = {"bright": (190, 200, 198), "cream": (205, 198, 180), "dim": (70, 74, 78), "green": (150, 178, 160)}


def tissue(count: int, seed: int = 1) -> list[Small]:
    """Blots of liver, fat and blood that move."""
    random = np.random.default_rng(seed)
    colours = np.array([(120, 45, 40), (205, 150, 80), (160, 60, 50), (190, 120, 100)], np.float32)
    blots = cv2.resize(colours[random.integers(0, 4, (30, 40))], (WIDTH * 4, HEIGHT * 4))
    return [_seen(blots, seed + frame / 40, random) for frame in range(count)]


def room(count: int, seed: int = 1, wall: str = "bright") -> list[Small]:
    """Walls, drapes, machines and people with caps, in a picture that pans; dim: with the lights off."""
    random = np.random.default_rng(seed)
    scene = np.zeros((HEIGHT * 4, WIDTH * 4, 3), np.float32)
    scene[:] = WALLS[wall]
    light = 0.35 if wall == "dim" else 1.0
    for _ in range(150):
        x, y = int(random.integers(0, WIDTH * 4)), int(random.integers(0, HEIGHT * 4))
        width, height = (int(side) for side in random.integers(5, 45, 2))
        colour = tuple(float(light * part) for part in _THINGS[int(random.integers(0, len(_THINGS)))])
        cv2.rectangle(scene, (x, y), (x + width, y + height), colour, -1)
    for _ in range(5):
        x, y = int(random.integers(0, WIDTH * 4)), int(random.integers(0, HEIGHT * 4))
        cv2.ellipse(scene, (x, y), (12, 16), 0, 0, 360, (205.0, 160.0, 135.0), -1)
        cv2.ellipse(scene, (x, y - 10), (13, 9), 0, 0, 360, (60.0, 130.0, 180.0), -1)
    return [_seen(scene, seed + frame / 40, random) for frame in range(count)]


def gauze(count: int) -> list[Small]:
    random = np.random.default_rng(1)
    weave = cv2.GaussianBlur(random.normal(205, 28, (HEIGHT * 4, WIDTH * 4)).astype(np.float32), (3, 3), 0)
    white = weave[..., None] * np.array((1.0, 0.96, 0.94), np.float32)
    return [_seen(white, frame / 40, random) for frame in range(count)]


def smoke(frames: list[Small], share: float) -> list[Small]:
    return [np.clip(frame * (1 - share) + 200 * share * _ROUND, 0, 255).astype(np.uint8) for frame in frames]


def in_light(frames: list[Small], matrix: tuple[tuple[float, float, float], ...]) -> list[Small]:
    """Red, green and blue as mixtures of what they were."""
    return [np.clip(frame @ np.array(matrix).T, 0, 255).astype(np.uint8) for frame in frames]


def signs_of_all(*stretches: list[Small]) -> NDArray[np.float32]:
    return np.stack([signs_of(frame) for frames in stretches for frame in frames])


def _seen(scene: NDArray[np.float32], phase: float, random: np.random.Generator) -> Small:
    x = int(WIDTH * 1.5 * (1 + np.sin(phase)))
    y = int(HEIGHT * 1.5 * (1 + np.cos(phase)))
    view = cv2.GaussianBlur(scene[y : y + HEIGHT, x : x + WIDTH], (3, 3), 0)
    noisy = view + random.normal(0, 4, (HEIGHT, WIDTH, 1))
    return np.asarray(np.clip(noisy * _ROUND, 0, 255), np.uint8)
