"""Annotations over HTTP: what was drawn is what comes back, and nothing is lost between two people."""

import json
import math
import uuid

import pytest

from server.access import Role
from tests.server.conftest import add_asset, change_set, feature


def annotations(asset_id: str = "a1") -> str:
    return f"/api/v1/assets/{asset_id}/annotations"


def changes(asset_id: str = "a1") -> str:
    return annotations(asset_id) + "/changes"


@pytest.fixture
def asset_id(database) -> str:
    return add_asset(database)


@pytest.fixture
async def anna(sign_in):
    return await sign_in(Role.ANNOTATOR, "anna")


async def test_an_asset_without_annotations_is_an_empty_collection_at_revision_zero(anna, asset_id):
    response = await anna.ask("GET", annotations())
    assert await response.json() == {"type": "FeatureCollection", "features": [], "revision": 0}
    assert response.headers["ETag"] == '"0"'


AWKWARD = 0.1 + 0.2
RING = [[AWKWARD, -0.0], [1e-300, 5e-324], [math.pi, 16_000_000.000000002], [AWKWARD, -0.0]]
GEOMETRIES = [
    {"type": "Point", "coordinates": [AWKWARD, 1 / 3]},
    {"type": "MultiPoint", "coordinates": [[AWKWARD, 1 / 3], [1.0, 2.0]]},
    {"type": "LineString", "coordinates": [[AWKWARD, 1 / 3], [math.e, 2.0]]},
    {"type": "MultiLineString", "coordinates": [[[AWKWARD, 1 / 3], [1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]]},
    {"type": "Polygon", "coordinates": [RING]},
    {
        "type": "Polygon",
        "coordinates": [
            [[0.0, 0.0], [100.1, 0.0], [100.0, 99.9], [0.0, 0.0]],
            [[50.0, 10.0], [60.3, 10.0], [60.0, 20.7], [50.0, 10.0]],
        ],
    },
    {
        "type": "MultiPolygon",
        "coordinates": [
            [[[0.0, 0.0], [1.1, 0.0], [0.0, 1.2], [0.0, 0.0]]],
            [[[10.0, 10.0], [11.1, 10.0], [10.0, 11.2], [10.0, 10.0]]],
        ],
    },
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda geometry: geometry["type"])
async def test_what_was_drawn_is_what_comes_back_to_the_last_bit(anna, asset_id, geometry):
    drawn = feature(geometry, name="Rand “7” <b>", layer="tissue", extra={"measurements": {"a": AWKWARD}})
    await anna.change(asset_id, 0, created=[drawn])
    collection = await anna.json("GET", annotations())
    (kept,) = collection["features"]
    # As text: 0.0 and -0.0 are equal numbers and different bits.
    assert json.dumps(kept["geometry"]) == json.dumps(geometry)
    assert {
        name: kept["properties"][name] for name in ("name", "layer", "extra", "class_id", "is_locked")
    } == {
        "name": "Rand “7” <b>",
        "layer": "tissue",
        "extra": {"measurements": {"a": AWKWARD}},
        "class_id": None,
        "is_locked": False,
    }
    log = await anna.json("GET", changes())
    assert json.dumps(log["changes"][0]["created"][0]["geometry"]) == json.dumps(geometry)


async def test_a_change_is_acknowledged_with_the_next_revision(anna, asset_id):
    response = await anna.ask(
        "POST", changes(), headers={"If-Match": '"0"'}, json=(sent := change_set(created=[feature()]))
    )
    receipt = await response.json()
    assert response.status == 200
    assert response.headers["ETag"] == '"1"'
    assert (receipt["revision"], receipt["change_id"]) == (1, sent["change_id"])
    assert receipt["committed_at"].endswith("Z")
    (kept,) = (await anna.json("GET", annotations()))["features"]
    assert kept["properties"]["author"] == "anna"
    assert kept["properties"]["created_at"] == kept["properties"]["updated_at"] == receipt["committed_at"]
    assert kept["properties"]["revision"] == 1


async def test_both_addresses_of_a_change_are_the_same(anna, asset_id):
    body = change_set(created=[feature()])
    await anna.json("POST", "/api/v1/assets/a1/changes", headers={"If-Match": '"0"'}, json=body)
    assert await anna.json("GET", "/api/v1/assets/a1/changes") == await anna.json("GET", changes())


async def test_a_stale_change_is_refused_with_the_current_revision_and_nothing_is_done(anna, asset_id):
    await anna.change(asset_id, 0, created=[feature()])
    body = change_set(created=[feature()])
    refused = await anna.problem(
        "POST", changes(), headers={"If-Match": '"0"'}, json=body, status=412, kind="stale-revision"
    )
    assert refused["current_revision"] == 1
    assert len((await anna.json("GET", annotations()))["features"]) == 1


@pytest.mark.parametrize("tag", [None, "", "*", '"x"', '"-1"', '"1.5"'])
async def test_a_change_without_a_revision_is_refused(anna, asset_id, tag):
    headers = {} if tag is None else {"If-Match": tag}
    body = change_set(created=[feature()])
    await anna.problem(
        "POST", changes(), headers=headers, json=body, status=428, kind="precondition-required"
    )


async def test_the_same_change_again_gets_the_same_answer_whatever_came_between(anna, sign_in, asset_id):
    body = change_set(created=[feature()])
    first = await anna.json("POST", changes(), headers={"If-Match": '"0"'}, json=body)
    bert = await sign_in(Role.ANNOTATOR, "bert")
    await bert.change(asset_id, 1, created=[feature()])
    again = await anna.json("POST", changes(), headers={"If-Match": '"0"'}, json=body)
    assert again == first
    assert len((await anna.json("GET", annotations()))["features"]) == 2


async def test_the_same_change_written_differently_is_still_the_same(anna, asset_id):
    body = change_set(created=[feature(extra={"a": 1, "b": 2})])
    await anna.json("POST", changes(), headers={"If-Match": '"0"'}, json=body)
    rewritten = json.dumps(body, sort_keys=True, indent=3).replace('"a": 1', '"a":  1')
    answer = await anna.json("POST", changes(), headers={"If-Match": '"0"'}, data=rewritten)
    assert answer["revision"] == 1


async def test_another_change_under_the_same_id_is_a_conflict(anna, asset_id):
    body = change_set(created=[feature()])
    await anna.json("POST", changes(), headers={"If-Match": '"0"'}, json=body)
    other = {**body, "created": [feature()]}
    await anna.problem(
        "POST", changes(), headers={"If-Match": '"1"'}, json=other, status=409, kind="conflict"
    )


async def test_the_history_tells_another_browser_what_to_apply(anna, sign_in, asset_id):
    bert = await sign_in(Role.ANNOTATOR, "bert")
    drawn = feature()
    await anna.change(asset_id, 0, created=[drawn])
    moved = {**drawn, "geometry": {"type": "Point", "coordinates": [1.5, 2.5]}}
    await bert.change(asset_id, 1, updated=[moved])
    await anna.change(asset_id, 2, deleted=[drawn["id"]])
    log = await anna.json("GET", changes() + "?since=1")
    assert log["revision"] == 3
    assert [(entry["revision"], entry["author"]) for entry in log["changes"]] == [(2, "bert"), (3, "anna")]
    assert log["changes"][0]["updated"][0]["geometry"] == moved["geometry"]
    assert log["changes"][1]["deleted"] == [drawn["id"]]
    assert await anna.json("GET", changes() + "?since=3") == {"revision": 3, "changes": []}
    await anna.problem("GET", changes() + "?since=-1", status=422, kind="invalid-input")


async def test_a_long_history_comes_in_parts_that_follow_one_another(anna, asset_id, monkeypatch):
    monkeypatch.setattr("server.annotating.service.HISTORY_PAGE", 2)
    for revision in range(5):
        await anna.change(asset_id, revision, created=[feature()])
    seen, since = [], 0
    while (log := await anna.json("GET", f"{changes()}?since={since}"))["changes"]:
        seen += [entry["revision"] for entry in log["changes"]]
        since = log["revision"]
    assert seen == [1, 2, 3, 4, 5]


async def test_a_window_and_a_layer_select(anna, asset_id):
    near = feature({"type": "Point", "coordinates": [10.0, 10.0]}, layer="cells")
    far = feature({"type": "Point", "coordinates": [5000.0, 10.0]})
    await anna.change(asset_id, 0, created=[near, far])

    async def found(query: str) -> list[str]:
        return [f["id"] for f in (await anna.json("GET", annotations() + query))["features"]]

    assert await found("?bbox=0,0,100,100") == [near["id"]]
    assert await found("?bbox=10,10,10,10") == [near["id"]]
    assert await found("?bbox=10.0001,0,4999,100") == []
    assert await found("?layer=default") == [far["id"]]
    assert await found("?layer=cells&bbox=0,0,9000,9000") == [near["id"]]


@pytest.mark.parametrize("bbox", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "nan,0,1,1", "0,0,inf,1", "2,0,1,1"])
async def test_a_window_that_is_none_is_refused(anna, asset_id, bbox):
    if not bbox:
        assert (await anna.json("GET", annotations() + "?bbox="))["revision"] == 0
        return
    await anna.problem("GET", f"{annotations()}?bbox={bbox}", status=422, kind="invalid-input")


async def test_an_unchanged_collection_is_not_sent_again(anna, asset_id):
    await anna.change(asset_id, 0, created=[feature()])
    same = await anna.ask("GET", annotations(), headers={"If-None-Match": '"1"'})
    assert (same.status, await same.read()) == (304, b"")
    changed = await anna.ask("GET", annotations(), headers={"If-None-Match": '"0"'})
    assert changed.status == 200


async def test_a_large_collection_arrives_whole(anna, asset_id):
    ring = [[float(n), float(n * n % 977)] for n in range(2_000)]
    drawn = [feature({"type": "LineString", "coordinates": ring}) for _ in range(60)]
    await anna.change(asset_id, 0, created=drawn)
    collection = await anna.json("GET", annotations())
    assert [f["id"] for f in collection["features"]] == [f["id"] for f in drawn]
    assert collection["features"][-1]["geometry"]["coordinates"] == ring


BOW = {"type": "Polygon", "coordinates": [[[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]]}
BAD = [
    (b"{", "invalid-change"),
    (b"[]", "invalid-change"),
    (b"{}", "invalid-change"),
    (b"[" * 100_000, "invalid-change"),
    (change_set(), "invalid-change"),
    (change_set(created=[feature()], more=1), "invalid-change"),
    (change_set(change_id="1", created=[feature()]), "invalid-change"),
    (change_set(created=[{**feature(), "id": "1"}]), "invalid-change"),
    (change_set(created=[feature(BOW)]), "invalid-geometry"),
    (change_set(created=[feature({"type": "Point", "coordinates": [1]})]), "invalid-geometry"),
    (change_set(created=[feature({"type": "Point", "coordinates": [1e30, 0]})]), "invalid-geometry"),
    (change_set(created=[feature(class_id="nope")]), "invalid-class"),
    (change_set(updated=[feature()]), "invalid-change"),
    (change_set(deleted=[str(uuid.uuid4())]), "invalid-change"),
    (change_set(created=[feature(name="x" * 501)]), "invalid-change"),
]


@pytest.mark.parametrize(("body", "kind"), BAD)
async def test_what_cannot_be_saved_is_refused_whole(anna, asset_id, body, kind):
    data = body if isinstance(body, bytes) else json.dumps(body)
    await anna.problem("POST", changes(), headers={"If-Match": '"0"'}, data=data, status=422, kind=kind)
    assert (await anna.json("GET", annotations()))["revision"] == 0


async def test_a_not_a_number_is_refused(anna, asset_id):
    text = json.dumps(change_set(created=[feature({"type": "Point", "coordinates": [1, 2]})])).replace(
        "[1, 2]", "[NaN, 2]"
    )
    await anna.problem(
        "POST", changes(), headers={"If-Match": '"0"'}, data=text, status=422, kind="invalid-change"
    )


async def test_an_id_that_exists_cannot_be_created_again(anna, asset_id):
    drawn = feature()
    await anna.change(asset_id, 0, created=[drawn])
    again = change_set(created=[drawn])
    await anna.problem(
        "POST", changes(), headers={"If-Match": '"1"'}, json=again, status=409, kind="conflict"
    )


async def test_what_is_locked_is_not_moved(anna, asset_id):
    drawn = feature(is_locked=True)
    await anna.change(asset_id, 0, created=[drawn])
    removed = change_set(deleted=[drawn["id"]])
    await anna.problem(
        "POST", changes(), headers={"If-Match": '"1"'}, json=removed, status=409, kind="locked"
    )


@pytest.mark.parametrize("state", ["quarantined", "converting", "awaiting_release", "refused", "discarded"])
async def test_an_asset_that_is_not_released_does_not_exist_for_annotators(anna, sign_in, database, state):
    add_asset(database, "hidden", state)
    body = change_set(created=[feature()])
    for asset_id in ("hidden", "none"):
        head = {"If-Match": '"0"'}
        await anna.problem("GET", annotations(asset_id), status=404, kind="not-found")
        await anna.problem("GET", changes(asset_id), status=404, kind="not-found")
        await anna.problem("POST", changes(asset_id), headers=head, json=body, status=404, kind="not-found")
        await anna.problem("GET", annotations(asset_id) + "/export", status=404, kind="not-found")
        await anna.problem(
            "POST", annotations(asset_id) + "/import", data=b"{}", status=404, kind="not-found"
        )
    admin = await sign_in()
    # Whoever looks at an asset before its release opens the same page, and finds nothing drawn on it.
    assert (await admin.json("GET", annotations("hidden")))["features"] == []
    assert (await admin.json("GET", changes("hidden")))["changes"] == []
    await admin.problem(
        "POST", changes("hidden"), headers={"If-Match": '"0"'}, json=body, status=409, kind="wrong-state"
    )
    await admin.problem("GET", annotations("hidden") + "/export", status=409, kind="wrong-state")


async def test_each_change_is_in_the_audit_log_by_its_id_without_its_contents(anna, sign_in, asset_id):
    body = change_set(created=[feature(name="Smith, John")])
    await anna.json("POST", changes(), headers={"If-Match": '"0"'}, json=body)
    await anna.json("POST", changes(), headers={"If-Match": '"0"'}, json=body)
    auditor = await sign_in(Role.AUDITOR)
    events = (await auditor.json("GET", f"/api/v1/audit?subject_id={asset_id}"))["items"]
    assert [event["action"] for event in events] == ["annotation.change"]
    assert events[0]["detail"] == {
        "change_id": body["change_id"],
        "revision": 1,
        "created": 1,
        "updated": 0,
        "deleted": 0,
        "source": "edit",
    }
    assert "Smith" not in json.dumps(events)
