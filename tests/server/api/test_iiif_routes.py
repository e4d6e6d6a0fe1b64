"""IIIF Image API 3.0: what the specification asks for, by its sections, and who may ask.

The reference is https://iiif.io/api/image/3.0/. The IIIF validator was run by hand, see docs/regions.md.
"""

import io
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from aiohttp.test_utils import TestClient
from numpy.typing import NDArray
from PIL import Image

from server.access.authenticator import Authenticator
from server.ambient import Ambient
from server.api.iiif_request import ImageLimits, parse_image_request
from server.app import create_app
from server.config import Settings
from server.db import Database
from server.errors import BadImageRequestError
from tests.server.conftest import BY, AddAccount, Person, SignIn, add_asset
from tests.tiling.conversions import convert_file
from tests.tiling.svs_files import Recipe, write_svs
from tiling.canonical import open_canonical
from tiling.geometry import Size

BASE = "/api/v1/iiif/a1"
CONTEXT = "http://iiif.io/api/image/3/context.json"


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("iiif")
    write_svs(folder / "x.svs", Recipe(subsampling="444"))
    convert_file(folder / "x.svs", folder / "canonical")
    return folder / "canonical"


@pytest.fixture
def canonical(converted: Path, settings, database: Database) -> Path:
    """A released slide ``a1`` of 300 × 200 px in tiles of 64, and one that awaits its release, ``a2``."""
    assets = settings.data / "assets"
    assets.mkdir()
    for name, state in (("a1", "released"), ("a2", "awaiting_release")):
        (assets / name).symlink_to(converted)
        add_asset(database, name, state)
    return converted


async def picture_of(person: Person, path: str) -> Image.Image:
    answer = await person.ask("GET", f"{BASE}/{path}")
    body = await answer.read()
    assert answer.status == 200, body
    return Image.open(io.BytesIO(body))


async def pixels_of(person: Person, path: str) -> NDArray[np.int64]:
    return np.asarray((await picture_of(person, path)).convert("RGB")).astype(int)


async def test_the_address_itself_leads_to_the_information(canonical: Path, sign_in: SignIn) -> None:
    """Section 2."""
    anna = await sign_in("annotator")
    answer = await anna.ask("GET", BASE, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, f"{BASE}/info.json")


async def test_the_information_has_all_that_section_5_requires(
    canonical: Path, sign_in: SignIn, server: TestClient
) -> None:
    anna = await sign_in("annotator")
    answer = await anna.ask("GET", f"{BASE}/info.json")
    assert answer.headers["Content-Type"] == f'application/ld+json;profile="{CONTEXT}"'
    info = await answer.json(content_type=None)
    assert next(iter(info)) == "@context"
    assert {name: info[name] for name in ("@context", "id", "type", "protocol", "profile")} == {
        "@context": CONTEXT,
        "id": str(server.make_url(BASE)),
        "type": "ImageService3",
        "protocol": "http://iiif.io/api/image",
        "profile": "level2",
    }
    assert (info["width"], info["height"]) == (300, 200)
    assert (info["maxWidth"], info["maxHeight"], info["maxArea"]) == (4096, 4096, 4096 * 4096)
    assert info["tiles"] == [{"width": 64, "height": 64, "scaleFactors": [1, 2, 4, 8]}]
    assert [(size["width"], size["height"]) for size in info["sizes"]] == [
        (38, 25),
        (75, 50),
        (150, 100),
        (300, 200),
    ]
    assert info["extraQualities"] == ["color", "gray", "bitonal"]
    known = await anna.ask("GET", f"{BASE}/info.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert known.status == 304


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/ld+json", "application/ld+json"),
        ("*/*", "application/ld+json"),
        ("application/json", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        (f'application/ld+json;profile="{CONTEXT}", application/json', "application/ld+json"),
    ],
)
async def test_the_information_comes_in_the_kind_that_is_asked_for(
    canonical: Path, sign_in: SignIn, accept: str, kind: str
) -> None:
    anna = await sign_in("annotator")
    answer = await anna.ask("GET", f"{BASE}/info.json", headers={"Accept": accept})
    assert answer.content_type == kind
    assert "Accept" in answer.headers["Vary"]


async def test_the_id_is_the_address_that_people_use(
    canonical: Path,
    sign_in: SignIn,
    aiohttp_client: Callable[..., Awaitable[TestClient]],
    settings: Settings,
    database: Database,
    ambient: Ambient,
) -> None:
    """Section 5.2: the host of the request, unless a proxy stands in front and the settings say so."""
    anna = await sign_in("annotator")
    odd = await anna.ask("GET", f"{BASE}/info.json", headers={"Host": "evil>;x"})
    assert odd.status == 400
    named = await anna.ask("GET", f"{BASE}/info.json", headers={"Host": "slides.lab:8443"})
    assert (await named.json(content_type=None))["id"] == "http://slides.lab:8443" + BASE
    proxied = replace(settings, public_origin="https://slides.example.org")
    behind = await aiohttp_client(create_app(proxied, database, ambient, run_jobs=False))
    answer = await Person(behind, None, anna.headers).ask("GET", f"{BASE}/info.json")
    assert (await answer.json(content_type=None))["id"] == "https://slides.example.org" + BASE


async def test_every_tile_of_the_information_is_the_stored_tile(canonical: Path, sign_in: SignIn) -> None:
    """The requests that section 8 of the implementation notes makes of ``tiles``: Deep Zoom's own bytes."""
    anna = await sign_in("annotator")
    with open_canonical(canonical) as stored:
        for level in stored.info.levels:
            factor, side = level.downsample, 64 * level.downsample
            for col, row in itertools.product(range(level.cols), range(level.rows)):
                x, y = col * side, row * side
                width, height = min(side, 300 - x), min(side, 200 - y)
                size = f"{-(-width // factor)},{-(-height // factor)}"
                answer = await anna.ask("GET", f"{BASE}/{x},{y},{width},{height}/{size}/0/default.jpg")
                deepzoom = stored.info.deepzoom_level_count - 1 - level.level
                assert await answer.read() == stored.read_tile(deepzoom, col, row)
                tile = f"/api/v1/slides/a1_files/{deepzoom}/{col}_{row}.jpeg"
                assert answer.headers["ETag"] == (await anna.ask("GET", tile)).headers["ETag"]
        etag = answer.headers["ETag"]
        again = await anna.ask("GET", str(answer.url.relative()), headers={"If-None-Match": etag})
        assert (again.status, await again.read()) == (304, b"")


LIMITS = ImageLimits(Size(300, 200), 400)


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("full", (0, 0, 300, 200)),
        ("square", (50, 0, 200, 200)),
        ("125,15,120,140", (125, 15, 120, 140)),
        ("250,150,200,200", (250, 150, 50, 50)),
        ("pct:50,25,10,10", (150, 50, 30, 20)),
        ("pct:41.6,7.5,66.6,100", (125, 15, 175, 185)),
        ("pct:0,0,0.01,0.01", (0, 0, 1, 1)),
        ("pct:.5,0,100.,100", (2, 0, 298, 200)),
    ],
)
def test_regions_are_cropped_to_the_image(region: str, expected: tuple[int, int, int, int]) -> None:
    """Section 4.1."""
    wanted = parse_image_request(LIMITS, region, "max", "0", "default", "jpg")
    assert (wanted.x, wanted.y, wanted.width, wanted.height) == expected


@pytest.mark.parametrize(
    ("region", "size", "expected", "canonical"),
    [
        ("full", "max", (300, 200), "full/max"),
        ("full", "^max", (400, 267), "full/^max"),
        ("full", "150,", (150, 100), "full/150,100"),
        ("full", ",150", (225, 150), "full/225,150"),
        ("full", "pct:50", (150, 100), "full/150,100"),
        ("full", "pct:100", (300, 200), "full/max"),
        ("full", "225,100", (225, 100), "full/225,100"),
        ("full", "!225,100", (150, 100), "full/150,100"),
        ("full", "!900,900", (300, 200), "full/max"),
        ("full", "^!360,360", (360, 240), "full/^360,240"),
        ("full", "^!900,900", (400, 267), "full/^max"),
        ("full", "^360,", (360, 240), "full/^360,240"),
        ("full", "^,240", (360, 240), "full/^360,240"),
        ("full", "^360,360", (360, 360), "full/^360,360"),
        ("full", "^pct:120", (360, 240), "full/^360,240"),
        ("full", "^150,100", (150, 100), "full/150,100"),
        ("0,0,300,200", "300,200", (300, 200), "full/max"),
        ("0,0,200,1", "10,", (10, 1), "0,0,200,1/10,1"),
        ("square", "100,", (100, 100), "50,0,200,200/100,100"),
    ],
)
def test_sizes_and_their_canonical_form(
    region: str, size: str, expected: tuple[int, int], canonical: str
) -> None:
    """Sections 4.2 and 4.8."""
    wanted = parse_image_request(LIMITS, region, size, "0", "default", "jpg")
    assert (wanted.size.width_px, wanted.size.height_px) == expected
    assert wanted.canonical.startswith(canonical + "/0/default.jpg")
    assert parse_image_request(LIMITS, *_split(wanted.canonical)) == wanted


def _split(canonical: str) -> list[str]:
    region, size, rotation, last = canonical.split("/")
    return [region, size, rotation, *last.split(".")]


def test_the_largest_size_of_a_large_image_is_within_the_limits() -> None:
    large = ImageLimits(Size(100_000, 30_001), 4_096)
    for size in ("max", "^max", "!9999,9999"):
        found = parse_image_request(large, "full", size, "0", "default", "jpg").size
        assert found.width_px == 4_096
        assert found.height_px == 1_229


@pytest.mark.parametrize(
    "path",
    [
        "all/max/0/default.jpg",
        "1,2,3/max/0/default.jpg",
        "-1,0,5,5/max/0/default.jpg",
        "0,0,0,5/max/0/default.jpg",
        "300,0,5,5/max/0/default.jpg",
        "pct:100,0,5,5/max/0/default.jpg",
        "pct:0,0,0,5/max/0/default.jpg",
        "pct:1e1,0,5,5/max/0/default.jpg",
        "01,0,5,5/max/0/default.jpg",
        "٣,0,5,5/max/0/default.jpg",
        "99999999999999999999,0,5,5/max/0/default.jpg",
        "full/full/0/default.jpg",
        "full/,/0/default.jpg",
        "full/!10,/0/default.jpg",
        "full/0,/0/default.jpg",
        "full/pct:0/0/default.jpg",
        "full/301,/0/default.jpg",
        "full/,201/0/default.jpg",
        "full/pct:101/0/default.jpg",
        "full/300,201/0/default.jpg",
        "full/^4097,/0/default.jpg",
        "full/^pct:99999/0/default.jpg",
        "full/max/45/default.jpg",
        "full/max/361/default.jpg",
        "full/max/-90/default.jpg",
        "full/max/90!/default.jpg",
        "full/max/0/native.jpg",
        "full/max/0/default.gif",
        "full/max/0/default.",
        "full/max/0/.jpg",
        "%7B/%7D/0/default.jpg",
    ],
)
async def test_what_breaks_the_syntax_or_a_limit_is_a_bad_request(
    canonical: Path, sign_in: SignIn, path: str
) -> None:
    """Sections 4 and 7.3."""
    anna = await sign_in("annotator")
    await anna.problem("GET", f"{BASE}/{path}", status=400, kind="bad-image-request")


@pytest.mark.parametrize("path", ["full/max/0", "full/max/0/default", "full/max/0/0/default.jpg", "nothing"])
async def test_what_is_no_image_request_is_not_found(canonical: Path, sign_in: SignIn, path: str) -> None:
    anna = await sign_in("annotator")
    assert (await anna.ask("GET", f"{BASE}/{path}")).status == 404


async def test_encoded_separators_mean_the_same(canonical: Path, sign_in: SignIn) -> None:
    """Section 9: percent-encoding other characters introduces no ambiguity."""
    anna = await sign_in("annotator")
    plain = await pixels_of(anna, "pct:10,10,50,50/!40,40/!90/default.png")
    encoded = await pixels_of(anna, "pct%3A10%2C10%2C50%2C50/%2140%2C40/%2190/default.png")
    assert np.array_equal(plain, encoded)


async def test_mirroring_comes_before_turning(canonical: Path, sign_in: SignIn) -> None:
    """Sections 4.3 and 4.6; clockwise."""
    anna = await sign_in("annotator")
    upright = await pixels_of(anna, "10,20,90,60/max/0/default.png")
    for degrees in (90, 180, 270):
        turned = await pixels_of(anna, f"10,20,90,60/max/{degrees}/default.png")
        assert np.array_equal(turned, np.rot90(upright, -degrees // 90))
        mirrored = await pixels_of(anna, f"10,20,90,60/max/!{degrees}/default.png")
        assert np.array_equal(mirrored, np.rot90(upright[:, ::-1], -degrees // 90))
    assert np.array_equal(await pixels_of(anna, "10,20,90,60/max/!0/default.png"), upright[:, ::-1])
    assert np.array_equal(await pixels_of(anna, "10,20,90,60/max/360/default.png"), upright)


async def test_qualities(canonical: Path, sign_in: SignIn) -> None:
    """Section 4.4."""
    anna = await sign_in("annotator")
    colour = await picture_of(anna, "0,0,90,60/max/0/color.png")
    grey = await picture_of(anna, "0,0,90,60/max/0/gray.png")
    bitonal = await picture_of(anna, "0,0,90,60/max/0/bitonal.png")
    assert (colour.mode, grey.mode, bitonal.mode) == ("RGB", "L", "L")
    assert np.abs(np.asarray(grey).astype(int) - np.asarray(colour.convert("L"))).max() <= 1
    assert set(np.unique(np.asarray(bitonal))) == {0, 255}
    assert (await picture_of(anna, "0,0,90,60/max/0/gray.jpg")).mode == "L"


async def test_answers_name_their_canonical_address_and_the_profile(
    canonical: Path, sign_in: SignIn, server: TestClient
) -> None:
    """Sections 4.8 and 6."""
    anna = await sign_in("annotator")
    answer = await anna.ask("GET", f"{BASE}/pct:0,0,50,50/pct:50/360/color.jpg")
    links = answer.headers["Link"]
    assert f'<{server.make_url(BASE)}/0,0,150,100/75,50/0/default.jpg>;rel="canonical"' in links
    assert '<http://iiif.io/api/image/3/level2.json>;rel="profile"' in links


@pytest.mark.parametrize("path", ["", "/info.json", "/full/max/0/default.jpg"])
async def test_another_site_s_page_may_ask_with_a_token_and_never_by_the_cookie(
    canonical: Path,
    sign_in: SignIn,
    nobody: Person,
    server: TestClient,
    authenticator: Authenticator,
    add_account: AddAccount,
    path: str,
) -> None:
    """Section 7.1; the Fetch standard, 3.2."""
    origin = {"Origin": "https://viewer.example.org"}
    asked = {
        **origin,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    preflight = await nobody.ask("OPTIONS", BASE + path, headers=asked)
    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    assert "GET" in preflight.headers["Access-Control-Allow-Methods"]
    refused = await nobody.ask("GET", BASE + path, headers=origin)
    assert (refused.status, refused.headers["Access-Control-Allow-Origin"]) == (401, "*")
    account = await add_account("robot", "annotator")
    token = (await authenticator.api_tokens.create(account.account_id, "viewer", BY)).token
    robot = Person(server, account, {"Authorization": f"Bearer {token}"})
    anna = await sign_in("annotator")
    for person in (robot, anna):
        answer = await person.ask("GET", BASE + path, headers=origin)
        assert answer.status == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        # With “*” and without this, browsers keep from the page what a cookie has opened.
        assert "Access-Control-Allow-Credentials" not in answer.headers
        # And what they keep for one caller is no answer to another.
        assert {"Authorization", "Cookie"} <= set(answer.headers["Vary"].replace(" ", "").split(","))


@pytest.mark.parametrize("path", ["", "/info.json", "/full/max/0/default.jpg"])
async def test_before_its_release_only_a_releaser_sees_it(
    canonical: Path, sign_in: SignIn, nobody: Person, path: str
) -> None:
    where = "/api/v1/iiif/a2" + path
    await nobody.problem("GET", where, status=401, kind="unauthenticated")
    anna, olga = await sign_in("annotator"), await sign_in("privacy_officer")
    await anna.problem("GET", where, status=404, kind="not-found")
    assert (await olga.ask("GET", where)).status == 200


def test_a_message_names_the_part_that_is_wrong() -> None:
    for place, part in enumerate(("region", "size", "rotation", "quality", "format")):
        parts = ["full", "max", "0", "default", "jpg"]
        parts[place] = "x"
        with pytest.raises(BadImageRequestError, match=f"The {part} must be"):
            parse_image_request(LIMITS, *parts)
