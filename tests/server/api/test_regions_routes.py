"""Regions over HTTP: the slide's own pixels, at any size, for whoever may see the slide."""

import asyncio
import io
import threading
import urllib.request
from pathlib import Path

import numpy as np
import openslide
import pytest
from aiohttp.test_utils import TestClient
from numpy.typing import NDArray
from PIL import Image

from server.access.authenticator import Authenticator
from server.api import pictures
from server.api.services import SERVICES
from server.db import Database
from tests.server.conftest import BY, AddAccount, Person, SignIn, add_asset
from tests.tiling import svs_files
from tests.tiling.conversions import convert_file
from tests.tiling.svs_files import Recipe, write_svs
from tests.tiling.test_colour import PROFILES, by_little_cms
from tiling.canonical import open_canonical
from tiling.colour import ColourTransform
from tiling.render import RenderCancelled

REGION = "/api/v1/slides/a1/region"
THUMBNAIL = "/api/v1/slides/a1/thumbnail"
PROFILE = PROFILES["a wider gamut"]


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``with``: 300 × 200 px, 0.252 µm, a colour profile. ``without``: neither scale nor profile."""
    folder = tmp_path_factory.mktemp("regions")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(svs_files, "icc_profile", lambda: PROFILE)
        write_svs(folder / "with.svs", Recipe())
    write_svs(folder / "without.svs", Recipe(with_identity=False, mpp="0"))
    for name in ("with", "without"):
        convert_file(folder / f"{name}.svs", folder / name)
    return folder


@pytest.fixture
def canonical(converted: Path, settings, database: Database) -> Path:
    """Released slides ``a1`` (with) and ``a3`` (without), and ``a2`` (with) that awaits its release."""
    assets = settings.data / "assets"
    assets.mkdir()
    for name, state, kind in (
        ("a1", "released", "with"),
        ("a2", "awaiting_release", "with"),
        ("a3", "released", "without"),
    ):
        (assets / name).symlink_to(converted / kind)
        add_asset(database, name, state)
    return converted / "with"


@pytest.fixture
def native(canonical: Path) -> NDArray[np.uint8]:
    with openslide.OpenSlide(canonical / "slide.tif") as slide:
        return np.asarray(slide.read_region((0, 0), 0, (300, 200)).convert("RGB"))


async def pixels_of(person: Person, path: str) -> NDArray[np.uint8]:
    answer = await person.ask("GET", path)
    body = await answer.read()
    assert answer.status == 200, body
    return np.asarray(Image.open(io.BytesIO(body)))


async def test_a_region_is_a_jpeg_of_full_size_unless_asked_otherwise(
    canonical: Path, sign_in: SignIn, native: NDArray[np.uint8]
) -> None:
    anna = await sign_in("annotator")
    answer = await anna.ask("GET", f"{REGION}?x=10&y=20&w=100&h=50")
    assert (answer.status, answer.content_type) == (200, "image/jpeg")
    assert answer.headers["Slidereel-Mpp"] == "0.252, 0.252"
    assert answer.headers["Slidereel-Downsample"] == "1, 1"
    picture = Image.open(io.BytesIO(await answer.read()))
    assert picture.size == (100, 50)
    assert np.abs(np.asarray(picture).astype(int) - native[20:70, 10:110]).mean() < 3


async def test_a_program_with_a_token_gets_the_very_pixels_of_the_file(
    canonical: Path,
    server: TestClient,
    authenticator: Authenticator,
    add_account: AddAccount,
    native: NDArray[np.uint8],
) -> None:
    """The snippet of docs/regions.md: nothing but Python's own library, numpy and Pillow."""
    account = await add_account("robot", "annotator")
    made = await authenticator.api_tokens.create(account.account_id, "notebook", BY)
    url = str(server.make_url(REGION + "?x=-20&y=5&w=150&h=121&format=png"))

    def in_notebook() -> NDArray[np.uint8]:
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {made.token}"})  # noqa: S310
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return np.asarray(Image.open(io.BytesIO(answer.read())))

    region = await asyncio.to_thread(in_notebook)
    assert np.array_equal(region[:, 20:], native[5:126, :130])
    assert (region[:, :20] == 255).all()


@pytest.mark.parametrize(
    ("asked", "size", "mpp"),
    [
        ("mpp=0.504", (100, 50), "0.504, 0.504"),
        ("mpp=1", (50, 25), "1.008, 1.008"),
        ("width=40", (40, 20), "1.26, 1.26"),
        ("height=100", (200, 100), "0.252, 0.252"),
        ("width=400", (400, 200), "0.126, 0.126"),
        ("width=100&height=10", (100, 10), "0.504, 2.52"),
    ],
)
async def test_the_answer_has_the_size_that_was_asked_for_and_says_its_scale(
    canonical: Path, sign_in: SignIn, asked: str, size: tuple[int, int], mpp: str
) -> None:
    anna = await sign_in("annotator")
    answer = await anna.ask("GET", f"{REGION}?x=0&y=0&w=200&h=100&{asked}")
    assert Image.open(io.BytesIO(await answer.read())).size == size
    assert answer.headers["Slidereel-Mpp"] == mpp


async def test_fractions_of_a_pixel_count(
    canonical: Path, sign_in: SignIn, native: NDArray[np.uint8]
) -> None:
    anna = await sign_in("annotator")
    found = await pixels_of(anna, f"{REGION}?x=10.25&y=20.5&w=99.5&h=49.75&width=150&height=75&format=png")
    expected = Image.fromarray(native).resize(
        (150, 75), Image.Resampling.LANCZOS, box=(10.25, 20.5, 109.75, 70.25)
    )
    assert np.abs(found.astype(int) - np.asarray(expected)).max() <= 1


async def test_colours_are_the_stored_ones_unless_srgb_is_asked_for(
    canonical: Path, sign_in: SignIn, native: NDArray[np.uint8]
) -> None:
    anna = await sign_in("annotator")
    where = f"{REGION}?x=0&y=0&w=300&h=200&format=png"
    assert np.array_equal(await pixels_of(anna, where), native)
    srgb = await pixels_of(anna, where + "&colour=srgb")
    assert np.abs(srgb.astype(int) - by_little_cms(PROFILE, native)).max() <= 1
    assert np.abs(srgb.astype(int) - native).mean() > 2
    # No profile: the colours are taken for sRGB, as browsers do.
    plain = REGION.replace("a1", "a3") + "?x=0&y=0&w=300&h=200&format=png"
    assert np.array_equal(await pixels_of(anna, plain), await pixels_of(anna, plain + "&colour=srgb"))


async def test_the_colour_table_and_the_profile_are_the_slide_s(canonical: Path, sign_in: SignIn) -> None:
    anna = await sign_in("annotator")
    slide = await anna.json("GET", "/api/v1/slides/a1")
    answer = await anna.ask("GET", slide["colour_lut_url"])
    assert answer.content_type == "application/octet-stream"
    assert "immutable" in answer.headers["Cache-Control"]
    assert await answer.read() == ColourTransform(PROFILE).lut()
    known = {"If-None-Match": answer.headers["ETag"]}
    assert (await anna.ask("GET", slide["colour_lut_url"], headers=known)).status == 304
    profile = await anna.ask("GET", "/api/v1/slides/a1/profile.icc")
    with open_canonical(canonical) as stored:
        assert await profile.read() == stored.icc_profile()


async def test_where_there_is_no_profile_there_is_no_table(canonical: Path, sign_in: SignIn) -> None:
    anna = await sign_in("annotator")
    slide = await anna.json("GET", "/api/v1/slides/a3")
    assert slide["colour_lut_url"] is None
    for name in ("colour-lut", "profile.icc"):
        await anna.problem("GET", f"/api/v1/slides/a3/{name}", status=404, kind="not-found")


async def test_a_profile_that_cannot_be_used_is_none(
    canonical: Path, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiling.canonical.CanonicalSlide.icc_profile", lambda _: b"nonsense")
    anna = await sign_in("annotator")
    assert (await anna.json("GET", "/api/v1/slides/a1"))["colour_lut_url"] is None
    await anna.problem("GET", "/api/v1/slides/a1/colour-lut", status=404, kind="not-found")
    where = f"{REGION}?x=0&y=0&w=30&h=20&format=png"
    assert np.array_equal(await pixels_of(anna, where), await pixels_of(anna, where + "&colour=srgb"))


async def test_the_slide_says_where_all_this_is(canonical: Path, sign_in: SignIn) -> None:
    anna = await sign_in("annotator")
    slide = await anna.json("GET", "/api/v1/slides/a1")
    assert slide["source_format"] == "aperio-svs"
    assert slide["remarks"] == []
    assert slide["region_url"] == REGION
    assert slide["iiif_url"] == "/api/v1/iiif/a1"


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("", "“x”"),
        ("x=0&y=0&w=10", "“h”"),
        ("x=0&y=0&w=0&h=10", "“w”"),
        ("x=nan&y=0&w=10&h=10", "“x”"),
        ("x=0&y=1e10&w=10&h=10", "“y”"),
        ("x=0&y=0&w=inf&h=10", "“w”"),
        ("x=0&y=0&w=10&h=ten", "“h”"),
        ("x=0&y=0&w=10&h=10&width=0", "“width”"),
        ("x=0&y=0&w=10&h=10&width=4097", "“width”"),
        ("x=0&y=0&w=5000&h=10", "5,000 × 10 px"),
        ("x=0&y=0&w=10&h=10&mpp=0.0001", "4,096 px a side"),
        ("x=0&y=0&w=1&h=1000&width=4096", "4,096 px a side"),
        ("x=0&y=0&w=10&h=10&mpp=-1", "“mpp”"),
        ("x=0&y=0&w=10&h=10&mpp=1&width=5", "not both"),
        ("x=0&y=0&w=10&h=10&format=gif", "“format”"),
        ("x=0&y=0&w=10&h=10&colour=red", "“colour”"),
        ("x=0&y=0&w=10&h=10&quality=101", "“quality”"),
    ],
)
async def test_what_cannot_be_is_refused_with_the_place(
    canonical: Path, sign_in: SignIn, query: str, word: str
) -> None:
    anna = await sign_in("annotator")
    problem = await anna.problem("GET", f"{REGION}?{query}", status=422, kind="invalid-input")
    assert word in problem["detail"]


async def test_a_slide_without_a_scale_says_so_when_asked_by_scale(canonical: Path, sign_in: SignIn) -> None:
    anna = await sign_in("annotator")
    where = "/api/v1/slides/a3/region?x=0&y=0&w=10&h=10"
    problem = await anna.problem("GET", where + "&mpp=1", status=422, kind="invalid-input")
    assert "scale" in problem["detail"]
    assert "Slidereel-Mpp" not in (await anna.ask("GET", where)).headers


@pytest.mark.parametrize("path", ["region?x=0&y=0&w=9&h=9", "thumbnail", "colour-lut", "profile.icc"])
async def test_before_its_release_only_a_releaser_sees_it(
    canonical: Path, sign_in: SignIn, nobody: Person, path: str
) -> None:
    where = f"/api/v1/slides/a2/{path}"
    await nobody.problem("GET", where, status=401, kind="unauthenticated")
    anna, olga = await sign_in("annotator"), await sign_in("privacy_officer")
    await anna.problem("GET", where, status=404, kind="not-found")
    seen = await olga.ask("GET", where)
    assert (seen.status, seen.headers["Cache-Control"]) == (200, "no-store"), "no browser keeps any of it"
    auditor = await sign_in("auditor")
    await auditor.problem("GET", where, status=403, kind="forbidden")


async def test_who_has_a_region_is_not_sent_it_again(
    canonical: Path, sign_in: SignIn, server: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = await sign_in("annotator")
    where = f"{REGION}?x=1&y=2&w=30&h=20"
    first = await anna.ask("GET", where)
    assert first.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    other = await anna.ask("GET", where + "&quality=80")
    assert other.headers["ETag"] != first.headers["ETag"]
    monkeypatch.setattr(pictures, "render", None)
    known = {"If-None-Match": first.headers["ETag"]}
    again = await anna.ask("GET", where, headers=known)
    assert (again.status, await again.read()) == (304, b"")
    # Asked for in other words, and without saying so: it is still in memory.
    same = await anna.ask("GET", f"{REGION}?h=20.0&w=30&y=2&x=1&width=30&format=jpeg&quality=90")
    assert await same.read() == await first.read()
    assert same.headers["ETag"] == first.headers["ETag"]
    assert server.app[SERVICES].renders.cache.size_bytes > 0


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ("", (300, 200)),
        ("width=150&height=150", (150, 100)),
        ("width=60", (60, 40)),
        ("height=50&width=4096", (75, 50)),
        ("width=1&height=1", (1, 1)),
    ],
)
async def test_a_thumbnail_fits_in_its_box(
    canonical: Path, sign_in: SignIn, asked: str, size: tuple[int, int]
) -> None:
    anna = await sign_in("annotator")
    answer = await anna.ask("GET", f"{THUMBNAIL}?{asked}")
    assert answer.content_type == "image/jpeg"
    assert Image.open(io.BytesIO(await answer.read())).size == size


async def test_too_much_at_once_is_refused_with_a_time_to_come_back(
    canonical: Path, sign_in: SignIn, server: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = await sign_in("annotator")
    monkeypatch.setattr(server.app[SERVICES].renders, "_most_at_once", 0)
    where = f"{REGION}?x=0&y=0&w=9&h=9"
    await anna.problem("GET", where, status=503, kind="overloaded")
    assert int((await anna.ask("GET", where)).headers["Retry-After"]) >= 1


async def test_a_region_that_nobody_waits_for_is_not_made_to_its_end(
    canonical: Path, sign_in: SignIn, server: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = threading.Event(), threading.Event()

    def endless(_slide: object, _view: object, cancelled) -> None:
        begun.set()
        while not cancelled():
            begun.wait(0.01)
        ended.set()
        raise RenderCancelled("the rendering was cancelled")

    monkeypatch.setattr(pictures, "render", endless)
    anna = await sign_in("annotator")
    _reader, writer = await asyncio.open_connection(server.host, server.port)
    head = f"GET {REGION}?x=0&y=0&w=9&h=9 HTTP/1.1\r\nHost: x\r\nCookie: {anna.headers['Cookie']}\r\n\r\n"
    writer.write(head.encode())
    assert await asyncio.to_thread(begun.wait, 30)
    writer.close()
    assert await asyncio.to_thread(ended.wait, 30)
