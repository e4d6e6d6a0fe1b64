"""A scrubbed colour profile shows the same colours and says nothing."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms

from tiling.icc import scrub_profile

CANARY = b"Doe^Jane 1950-01-01"
CANARY_UTF16 = CANARY.decode().encode("utf-16-be")
INTENTS = tuple(ImageCms.Intent)


def colours() -> NDArray[np.uint8]:
    grid = np.arange(0, 256, 15, np.uint8)
    return np.stack(np.meshgrid(grid, grid, grid), axis=-1).reshape(18, -1, 3)


def to_srgb(profile: bytes, intent: ImageCms.Intent, mode: str = "RGB") -> NDArray[np.uint8]:
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    transform = ImageCms.buildTransform(opened, ImageCms.createProfile("sRGB"), mode, "RGB", intent)
    image = Image.fromarray(colours() if mode == "RGB" else np.arange(256, dtype=np.uint8)[None])
    return np.asarray(ImageCms.applyTransform(image, transform))


def from_srgb(profile: bytes, intent: ImageCms.Intent) -> NDArray[np.uint8]:
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    transform = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), opened, "RGB", "RGB", intent)
    return np.asarray(ImageCms.applyTransform(Image.fromarray(colours()), transform))


def scrubbed(profile: bytes) -> bytes:
    result = scrub_profile(profile)
    assert result is not None
    return result


def fixed(*numbers: float) -> bytes:
    """s15Fixed16Number."""
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


def build(
    tags: dict[bytes, bytes],
    *,
    version: int = 2,
    connection_space: bytes = b"XYZ ",
    colour_space: bytes = b"RGB ",
    device_class: bytes = b"scnr",
) -> bytes:
    """A profile with a canary in every place that has room for one."""
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, payload in tags.items():
        gap = CANARY.ljust(20, b".")
        table += name + struct.pack(">II", offset + len(body) + len(gap), len(payload))
        body += gap + payload + bytes(-len(payload) % 4)
    body += CANARY
    header = struct.pack(">I4s4B", offset + len(body), b"Doe^", version, 0x20, 0, 0)
    header += device_class + colour_space + connection_space + struct.pack(">6H", 1950, 1, 1, 2, 3, 4)
    header += b"acsp" + b"JaneI\0\0\0" + b"Doe^Jane" + b"\0\0\0\1Jane" + struct.pack(">I", 0)
    header += fixed(0.9642, 1, 0.8249) + b"Jane" + CANARY[:16] + CANARY.ljust(28, b".")
    return header + table + body


def parametric(*numbers: float) -> bytes:
    function = {1: 0, 3: 1, 4: 2, 5: 3, 7: 4}[len(numbers)]
    return b"para" + bytes(4) + struct.pack(">HH", function, 0) + fixed(*numbers)


def sampled(gamma: float, count: int = 64) -> bytes:
    values = (np.linspace(0, 1, count) ** gamma * 65535).astype(">u2")
    return b"curv" + bytes(4) + struct.pack(">I", count) + values.tobytes()


def xyz(*numbers: float) -> bytes:
    return b"XYZ " + bytes(4) + fixed(*numbers)


MATRIX_TAGS = {
    b"rXYZ": xyz(0.51, 0.27, 0.02),
    b"gXYZ": xyz(0.30, 0.65, 0.09),
    b"bXYZ": xyz(0.15, 0.08, 0.71),
    b"rTRC": sampled(1.9),
    b"gTRC": sampled(2.1),
    b"bTRC": b"curv" + bytes(4) + struct.pack(">IH", 1, 0x0233),
    b"wtpt": xyz(0.93, 1.0, 1.05),
    b"bkpt": xyz(0.01, 0.01, 0.01),
}
CANARY_TEXTS = {
    b"desc": b"desc" + bytes(4) + struct.pack(">I", len(CANARY) + 1) + CANARY + bytes(79),
    b"cprt": b"text" + bytes(4) + CANARY + b"\0",
    b"dmnd": b"mluc" + bytes(4) + struct.pack(">II4sII", 1, 12, b"enUS", 38, 28) + CANARY_UTF16,
    b"prv1": CANARY,
    b"meta": CANARY_UTF16,
}


def grid(inputs: int, outputs: int, points: int, kind: str) -> NDArray[np.uint8]:
    values = np.random.default_rng(5).integers(0, 256, points**inputs * outputs)
    return values.astype(kind) * (257 if kind == ">u2" else 1)


def lookup_8(inputs: int, outputs: int) -> bytes:
    curve = (np.linspace(0, 1, 256) ** 1.3 * 255).astype("u1").tobytes()
    matrix = fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    head = b"mft1" + bytes(4) + bytes((inputs, outputs, 5, 0)) + matrix
    return head + curve * inputs + grid(inputs, outputs, 5, "u1").tobytes() + curve * outputs


def lookup_16(inputs: int, outputs: int) -> bytes:
    head = b"mft2" + bytes(4) + bytes((inputs, outputs, 7, 0)) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    curve_in = (np.linspace(0, 1, 33) ** 1.2 * 65535).astype(">u2").tobytes()
    curve_out = (np.linspace(0, 1, 17) ** 0.8 * 65535).astype(">u2").tobytes()
    values = curve_in * inputs + grid(inputs, outputs, 7, ">u2").tobytes() + curve_out * outputs
    return head + struct.pack(">HH", 33, 17) + values


def lookup_staged(name: bytes, inputs: int = 3, outputs: int = 3, *, with_grid: bool = True) -> bytes:
    """All five stages in an unusual order, with room between them."""
    stages = {
        "a": (parametric(1.4) + sampled(0.9, 33) + bytes(2)) + parametric(1.1, 0.9, 0.05, 0.1, 0.04),
        "grid": bytes((4, 5, 6)).ljust(16, b"\0")
        + b"\2\0\0\0"
        + np.random.default_rng(2).bytes(4 * 5 * 6 * 6),
        "m": parametric(1.2) * 3,
        "matrix": fixed(0.9, 0.05, 0, 0, 0.9, 0.1, 0.02, 0, 0.8, 0.01, 0.02, 0.03),
        "b": sampled(1.1, 32) * 2 + parametric(2.2, 0.9, 0.1),
    }
    if not with_grid:
        del stages["a"], stages["grid"]
    offsets, body = {}, b""
    for stage, data in stages.items():
        body += CANARY + b"."
        offsets[stage] = 32 + len(body)
        body += data + bytes(-len(data) % 4)
    order = [offsets.get(stage, 0) for stage in ("b", "matrix", "m", "grid", "a")]
    return name + bytes(4) + struct.pack(">2B2x5I", inputs, outputs, *order) + body


PROFILES = {
    "matrix and curves": build(MATRIX_TAGS | CANARY_TEXTS),
    "matrix and parametric curves, version 4": build(
        MATRIX_TAGS
        | CANARY_TEXTS
        | {b"rTRC": parametric(2.4, 0.95, 0.05, 0.08, 0.04), b"gTRC": parametric(2.2, 0.9, 0.1, 0.05)}
        | {b"bTRC": parametric(2.0, 0.9, 0.1, 0.1, 0.04, 0.01, 0.02)}
        | {b"chad": b"sf32" + bytes(4) + fixed(1.05, 0.02, -0.05, 0.03, 0.99, -0.02, -0.01, 0.01, 0.75)},
        version=4,
        device_class=b"mntr",
    ),
    "8-bit tables": build(
        {b"A2B0": lookup_8(3, 3), b"B2A0": lookup_8(3, 3), b"gamt": lookup_8(3, 1)} | CANARY_TEXTS,
        connection_space=b"Lab ",
    ),
    "16-bit tables for each intent": build(
        {
            name: lookup_16(3, 3) if i % 2 else lookup_8(3, 3)
            for i, name in enumerate((b"A2B0", b"A2B1", b"A2B2", b"B2A0", b"B2A1", b"B2A2"))
        }
        | CANARY_TEXTS
        | {b"wtpt": xyz(0.8, 0.9, 0.7)},
        connection_space=b"Lab ",
    ),
    "stages, version 4": build(
        {b"A2B0": lookup_staged(b"mAB "), b"B2A0": lookup_staged(b"mBA ")} | CANARY_TEXTS,
        version=4,
        connection_space=b"Lab ",
    ),
    "stages without a grid, version 4": build(
        {
            b"A2B0": lookup_staged(b"mAB ", with_grid=False),
            b"B2A0": lookup_staged(b"mBA ", with_grid=False),
        }
        | CANARY_TEXTS,
        version=4,
    ),
    "sRGB": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
}


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("intent", INTENTS)
def test_the_transform_into_and_out_of_the_profile_is_unchanged(name: str, intent: ImageCms.Intent) -> None:
    profile = PROFILES[name]
    clean = scrubbed(profile)
    expected = to_srgb(profile, intent)
    assert np.array_equal(to_srgb(clean, intent), expected)
    assert name == "sRGB" or not np.array_equal(expected, colours())
    assert np.array_equal(from_srgb(clean, intent), from_srgb(profile, intent))


@pytest.mark.parametrize("name", PROFILES)
def test_no_text_date_maker_or_private_data_survives(name: str) -> None:
    clean = scrubbed(PROFILES[name] + CANARY)
    for trace in (b"Doe", b"Jane", b"1950", b"prv1", b"meta", b"dmnd", "Doe".encode("utf-16-be")):
        assert trace not in clean
    zero_ranges = ((4, 8), (24, 36), (40, 64), (80, 128))
    assert not any(any(clean[start:end]) for start, end in zero_ranges)


@pytest.mark.parametrize("name", PROFILES)
def test_the_result_is_a_profile_of_its_own_stated_size_that_scrubs_to_itself(name: str) -> None:
    clean = scrubbed(PROFILES[name])
    assert struct.unpack_from(">I", clean) == (len(clean),)
    assert scrubbed(clean) == clean
    opened = ImageCms.ImageCmsProfile(io.BytesIO(clean))
    assert ImageCms.getProfileDescription(opened).strip() == "Slide colours"
    assert ImageCms.getProfileCopyright(opened).strip() == "No copyright"


def test_every_byte_of_the_result_belongs_to_a_named_tag() -> None:
    for profile in PROFILES.values():
        clean = scrubbed(profile)
        (count,) = struct.unpack_from(">I", clean, 128)
        covered = np.zeros(len(clean), bool)
        covered[: 132 + 12 * count] = True
        for index in range(count):
            _, offset, length = struct.unpack_from(">4sII", clean, 132 + 12 * index)
            assert offset % 4 == 0
            covered[offset : offset + length] = True
        assert not any(np.frombuffer(clean, np.uint8)[~covered])
        assert (~covered).sum() < 4 * count


def test_a_grey_profile_keeps_its_curve() -> None:
    profile = build(
        {b"kTRC": sampled(1.7), b"wtpt": xyz(0.9642, 1, 0.8249)} | CANARY_TEXTS, colour_space=b"GRAY"
    )
    clean = scrubbed(profile)
    assert CANARY not in clean
    for intent in INTENTS:
        assert np.array_equal(to_srgb(clean, intent, "L"), to_srgb(profile, intent, "L"))


def test_text_behind_the_numbers_of_a_tag_is_dropped() -> None:
    longer = {name: payload + CANARY for name, payload in MATRIX_TAGS.items()}
    assert scrubbed(build(longer)) == scrubbed(build(MATRIX_TAGS))
    for table in (lookup_8(3, 3), lookup_16(3, 3)):
        assert scrubbed(build({b"A2B0": table + CANARY}, connection_space=b"Lab ")) == scrubbed(
            build({b"A2B0": table}, connection_space=b"Lab ")
        )


def test_text_in_the_reserved_bytes_of_a_tag_is_dropped() -> None:
    marked = {name: payload[:4] + b"Jane" + payload[8:] for name, payload in MATRIX_TAGS.items()}
    assert scrubbed(build(marked)) == scrubbed(build(MATRIX_TAGS))


def with_tag(name: bytes, payload: bytes) -> bytes:
    return build(MATRIX_TAGS | {name: payload})


@pytest.mark.parametrize(
    "profile",
    [
        b"",
        b"\0" * 200,
        PROFILES["sRGB"][:100],
        PROFILES["matrix and curves"][:-30],
        build(MATRIX_TAGS, version=5),
        build(MATRIX_TAGS, colour_space=b"CMYK"),
        build(MATRIX_TAGS, colour_space=b"GRAY"),
        build(MATRIX_TAGS, connection_space=b"Luv "),
        build(MATRIX_TAGS, device_class=b"nmcl"),
        build({name: MATRIX_TAGS[name] for name in (b"rXYZ", b"gXYZ", b"bXYZ")}),
        build({b"tag" + bytes((i,)): b"" for i in range(101)} | MATRIX_TAGS),
        with_tag(b"rTRC", b"text" + bytes(4) + CANARY),
        with_tag(b"rTRC", b"curv" + bytes(4) + struct.pack(">I", 400) + CANARY),
        with_tag(b"rTRC", b"curv" + bytes(4) + struct.pack(">I", 0x8000) + bytes(0x10000)),
        with_tag(b"rTRC", b"para" + bytes(4) + struct.pack(">HH", 9, 0) + bytes(40)),
        with_tag(b"rTRC", b"curv"),
        with_tag(b"rXYZ", b"XYZ " + bytes(8)),
        with_tag(b"rXYZ", b"text" + bytes(4) + CANARY),
        with_tag(b"A2B0", lookup_8(3, 3)[:-1]),
        with_tag(b"A2B0", lookup_8(4, 3)),
        with_tag(b"A2B0", lookup_staged(b"mBA ")),
        with_tag(b"A2B0", lookup_staged(b"mAB ")[:-1]),
        with_tag(b"A2B0", b"mpet" + bytes(40)),
        with_tag(b"A2B0", b""),
        build(MATRIX_TAGS).replace(b"bkpt", b"rXYZ"),
    ],
    # Not by content: LittleCMS writes the time into a profile, and a test's name must not change with it.
    ids=lambda profile: f"{len(profile)} bytes",
)
def test_what_cannot_be_understood_is_dropped_whole(profile: bytes) -> None:
    assert scrub_profile(profile) is None


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_profiles_are_dropped_or_rebuilt_but_never_crash(data: st.DataObject) -> None:
    profile = bytearray(PROFILES[data.draw(st.sampled_from(sorted(PROFILES)))])
    for _ in range(data.draw(st.integers(1, 5))):
        profile[data.draw(st.integers(0, min(len(profile), 900) - 1))] = data.draw(st.integers(0, 255))
    clean = scrub_profile(bytes(profile[: data.draw(st.integers(100, len(profile)))]))
    if clean is not None:
        assert scrub_profile(clean) == clean


@pytest.mark.parametrize(
    "name",
    [
        "slides/boxes.tiff",
        "slides/openslide-dicom-boxes/boxes_0.dcm",
        "slides/BPAEC-dicom-wsi/12_0",
        "annotations/sm_image.dcm",
    ],
)
def test_profiles_of_real_slides_keep_their_colours(shared_data: Path, name: str) -> None:
    content = (shared_data / name).read_bytes()
    start = content.index(b"acsp") - 36
    (size,) = struct.unpack_from(">I", content, start)
    profile = content[start : start + size]
    clean = scrubbed(profile)
    for intent in INTENTS:
        assert np.array_equal(to_srgb(clean, intent), to_srgb(profile, intent))
