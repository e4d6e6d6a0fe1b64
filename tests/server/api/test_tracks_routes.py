"""Labels over time over HTTP: tracks, segments, and what is there on one frame."""

import json
import uuid

import pytest
import shapely
import sqlalchemy as sa

from annotations.interpolation import shape_at
from annotations.wire_over_time import track_from_json
from server.access import Role
from server.annotating import at_frame
from server.db.schema import asset
from tests.server.conftest import add_asset, change_set, feature

URL = "/api/v1/assets/v1/annotations"
CHANGES = URL + "/changes"
FRAMES = 1_000


@pytest.fixture
def video(database) -> str:
    asset_id = add_asset(database, "v1")
    values = {"kind": "video", "frame_count": FRAMES, "duration_s": 40.0}
    database.write_now(lambda c: c.execute(asset.update().where(asset.c.asset_id == asset_id).values(values)))
    return asset_id


@pytest.fixture
async def anna(sign_in, video):
    return await sign_in(Role.ANNOTATOR, "anna")


def square(x: float, y: float = 0.0, side: float = 10.0) -> dict:
    x, y = float(x), float(y)
    ring = [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
    return {"type": "Polygon", "coordinates": [ring]}


def keyframe(frame: int, geometry: dict, **fields: object) -> dict:
    plain = {"is_outside": False, "is_occluded": False, "attributes": {}}
    return {"frame": frame, "geometry": geometry, **plain, **fields}


def track(*keyframes: dict, shape: str = "polygon", ended: int | None = None, **properties: object) -> dict:
    over_time = {"shape": shape, "keyframes": list(keyframes), "ended_frame": ended}
    return label(track=over_time, **properties)


def segment(start: int = 0, end: int | None = None, tier: str = "phase") -> dict:
    return label(segment={"start_frame": start, "end_frame": end, "tier": tier})


def label(**properties: object) -> dict:
    made = feature(**properties)
    made["geometry"] = None
    return made


MOVING = (
    keyframe(100, square(0.1 + 0.2), attributes={"view": "apical", "n": 1.5}),
    keyframe(110, square(100), is_outside=True),
    keyframe(120, square(200), is_occluded=True),
)


async def at(client, frame: int, **query: str) -> list[dict]:
    parts = "".join(f"&{name}={value}" for name, value in query.items())
    return (await client.json("GET", f"{URL}?frame={frame}{parts}"))["features"]


async def test_tracks_and_segments_come_back_to_the_last_bit(anna, video):
    drawn, phase = track(*MOVING, ended=500, name="Klappe"), segment(3, 99)
    await anna.change(video, 0, created=[drawn, phase])
    first, second = (await anna.json("GET", URL))["features"]
    log = await anna.json("GET", CHANGES)
    for kept in (first, log["changes"][0]["created"][0]):
        assert kept["geometry"] is None
        assert json.dumps(kept["properties"]["track"]) == json.dumps(drawn["properties"]["track"])
        assert "segment" not in kept["properties"]
    assert second["properties"]["segment"] == {"start_frame": 3, "end_frame": 99, "tier": "phase"}
    assert second["geometry"] is None


async def test_what_was_received_may_be_sent_back_changed(anna, video):
    await anna.change(video, 0, created=[track(*MOVING), segment()])
    both = (await anna.json("GET", URL))["features"]
    for one in both:
        one["properties"]["name"] = "seen"
    await anna.change(video, 1, updated=both)
    names = [one["properties"]["name"] for one in (await anna.json("GET", URL))["features"]]
    assert names == ["seen", "seen"]


async def test_a_frame_shows_what_is_there_and_nothing_else(anna, video):
    still = feature(square(5))
    drawn, later = track(*MOVING, ended=130), track(keyframe(300, square(7)))
    phase, other = segment(90, 104), segment(105, None)
    await anna.change(video, 0, created=[still, drawn, later, phase, other])
    (here, moving, during) = await at(anna, 104)
    assert (here["id"], moving["id"], during["id"]) == (still["id"], drawn["id"], phase["id"])
    assert here["geometry"] == still["geometry"]
    assert "at" not in here["properties"]
    assert moving["properties"]["track"] is None
    assert moving["properties"]["at"] == {
        "frame": 104,
        "is_keyframe": False,
        "is_occluded": False,
        "attributes": {"view": "apical", "n": 1.5},
    }
    expected = shape_at(track_from_json(drawn["properties"]["track"]), 104).geometry
    assert shapely.geometry.shape(moving["geometry"]).equals_exact(expected, 1e-9)
    assert during["properties"]["segment"]["end_frame"] == 104
    assert during["geometry"] is None


@pytest.mark.parametrize(
    ("frame", "is_there"),
    [
        (99, False),
        (100, True),
        (109, True),
        (110, False),
        (119, False),
        (120, True),
        (129, True),
        (130, False),
    ],
)
async def test_a_track_is_there_from_its_first_key_frame_to_its_end_unless_outside(
    anna, video, frame, is_there
):
    await anna.change(video, 0, created=[track(*MOVING, ended=130)])
    found = await at(anna, frame)
    assert [one["properties"]["at"]["is_keyframe"] for one in found] == [frame in (100, 120)] * is_there


async def test_on_a_key_frame_the_geometry_is_what_was_drawn(anna, video):
    await anna.change(video, 0, created=[track(*MOVING)])
    (found,) = await at(anna, 100)
    assert json.dumps(found["geometry"]) == json.dumps(MOVING[0]["geometry"])


async def test_a_frame_can_be_asked_by_layer_and_box(anna, video):
    drawn, hidden = track(*MOVING), track(keyframe(0, square(900)), layer="other")
    await anna.change(video, 0, created=[drawn, hidden, segment()])
    assert [one["id"] for one in await at(anna, 105, layer="other")] == [hidden["id"]]
    # At frame 105 it has come half way.
    assert [one["id"] for one in await at(anna, 105, bbox="55,5,56,6")] == [drawn["id"]]
    assert await at(anna, 105, bbox="5,5,6,6") == []


async def test_every_frame_is_as_the_wing_says(anna, video):
    """The two key frames that the database finds are the right ones, for many frames of many tracks."""
    drawn = [
        track(*(keyframe(frame, square(frame * n, 0, 5 + n)) for frame in range(n, 60, 3 + n)), ended=ended)
        for n, ended in ((1, None), (2, 70), (4, 61), (7, None))
    ]
    await anna.change(video, 0, created=drawn)
    tracks = {one["id"]: track_from_json(one["properties"]["track"]) for one in drawn}
    for frame in range(0, 75, 4):
        found = {one["id"]: shapely.geometry.shape(one["geometry"]) for one in await at(anna, frame)}
        expected = {key: shape_at(value, frame) for key, value in tracks.items()}
        assert found.keys() == {key for key, shown in expected.items() if shown is not None}
        for key, geometry in found.items():
            assert geometry.equals_exact(expected[key].geometry, 1e-9)


async def test_a_label_of_one_frame_cannot_be_sent_back_in_place_of_its_track(anna, video):
    await anna.change(video, 0, created=[track(*MOVING)])
    (found,) = await at(anna, 104)
    body = change_set(updated=[found])
    refused = await anna.problem(
        "POST", CHANGES, headers={"If-Match": '"1"'}, json=body, status=422, kind="invalid-change"
    )
    assert "send its track" in refused["detail"]


BOX = {"shape": "box", "keyframes": [], "ended_frame": None}


@pytest.mark.parametrize(
    ("label", "kind", "words"),
    [
        (track(), "invalid-change", "at least one key frame"),
        (track(keyframe(5, square(0)), keyframe(5, square(1))), "invalid-change", "must rise"),
        (track(keyframe(-1, square(0))), "invalid-change", "from 0"),
        (track(keyframe(5, square(0)), ended=5), "invalid-change", "end after its last key frame"),
        (track(keyframe(FRAMES, square(0))), "invalid-change", "the last frame of this video is 999"),
        (track(keyframe(5, square(0)), ended=FRAMES + 1), "invalid-change", "names frame 1,000"),
        (segment(FRAMES), "invalid-change", "names frame 1,000"),
        (segment(0, FRAMES), "invalid-change", "names frame 1,000"),
        (segment(7, 6), "invalid-change", "end before it starts"),
        (segment(tier=""), "invalid-change", "tier must have"),
        (track(keyframe(5, {"type": "Point", "coordinates": [1, 2]})), "invalid-geometry", "frame 5"),
        (track(keyframe(5, square(0)), shape="circle"), "invalid-change", "Invalid enum value"),
        (
            track(
                keyframe(4, {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]})
            ),
            "invalid-geometry",
            "The key frame at frame 4: The outline crosses itself",
        ),
        (
            track(keyframe(4, square(0), attributes={"a": "x" * 5_000})),
            "invalid-change",
            "attributes may take at most 4,096 bytes",
        ),
        (
            track(
                keyframe(0, {"type": "Polygon", "coordinates": [[[0, 0], [0, 9], [9, 9], [9, 0], [0, 0]]]}),
                shape="box",
            ),
            "invalid-geometry",
            "upper left, upper right",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_what_contradicts_itself_or_the_video_is_refused_with_a_sentence(
    anna, video, label, kind, words
):
    body = change_set(created=[{**label, "id": str(uuid.uuid4())}])
    refused = await anna.problem(
        "POST", CHANGES, headers={"If-Match": '"0"'}, json=body, status=422, kind=kind
    )
    assert words in refused["detail"]
    assert "created[0]" in refused["detail"] or "last frame of this video" in refused["detail"]


@pytest.mark.parametrize("made", [track(keyframe(0, square(0))), segment()], ids=["track", "segment"])
async def test_a_slide_has_no_frames(anna, database, made):
    slide = add_asset(database, "a1")
    body = change_set(created=[made])
    url = f"/api/v1/assets/{slide}/annotations"
    refused = await anna.problem(
        "POST", url + "/changes", headers={"If-Match": '"0"'}, json=body, status=422, kind="invalid-change"
    )
    assert refused["detail"] == "A slide has no frames: tracks and segments are for videos."
    await anna.problem("GET", url + "?frame=0", status=422, kind="invalid-input")


@pytest.mark.parametrize("frame", ["-1", "x", "1.5", str(FRAMES), str(2**40)])
async def test_a_frame_that_does_not_exist_is_said_so(anna, video, frame):
    await anna.problem("GET", f"{URL}?frame={frame}", status=422, kind="invalid-input")


async def test_the_last_frame_may_be_named_by_all(anna, video):
    last = FRAMES - 1
    labels = [track(keyframe(last, square(0)), ended=FRAMES), segment(last, last)]
    await anna.change(video, 0, created=labels)
    assert len(await at(anna, last)) == 2


async def test_a_format_without_frames_does_not_quietly_leave_out_tracks(anna, video):
    await anna.change(video, 0, created=[feature(), track(*MOVING), segment()])
    refused = await anna.problem("GET", URL + "/export", status=409, kind="wrong-state")
    assert refused["detail"] == (
        "This format knows no frames: 2 tracks and segments of this video would be lost."
    )


async def test_still_labels_of_a_video_go_out_and_come_in_with_a_word(anna, video):
    await anna.change(video, 0, created=[feature()])
    response = await anna.ask("GET", URL + "/export")
    assert response.status == 200
    imported = await anna.json("POST", URL + "/import", data=await response.read())
    assert imported["created"] == 1
    assert "1 shapes are on every frame: the format knows no frames." in imported["losses"]


async def test_the_key_frames_around_a_frame_are_looked_up_not_searched(database):
    where = {"asset_id": "v1", "frame": 5}
    plan = database.read_now(
        lambda c: [row.detail for row in c.execute(sa.text(f"EXPLAIN QUERY PLAN {at_frame._TIMED}"), where)]
    )
    assert plan[0].startswith("SEARCH a USING INDEX ix_annotation_frames (asset_id=? AND first_frame<?)")
    assert not [line for line in plan if line.startswith("SCAN")]
