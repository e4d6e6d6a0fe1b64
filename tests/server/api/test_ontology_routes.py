"""The classes over HTTP."""

import pytest

from server.access import Role
from tests.server.conftest import add_asset, feature

ONTOLOGY = "/api/v1/ontology"


def drafts(answer: dict) -> list[dict]:
    return answer["classes"]


async def test_a_new_server_has_classes_with_the_keys_one_to_nine(sign_in):
    annotator = await sign_in(Role.ANNOTATOR)
    response = await annotator.ask("GET", ONTOLOGY)
    body = await response.json()
    assert response.headers["ETag"] == '"1"'
    assert body["revision"] == 1
    assert [label["hotkey"] for label in body["classes"]] == list("123456789")
    assert (await annotator.json("GET", ONTOLOGY)) == body


async def test_an_admin_adds_renames_reorders_archives_and_removes(sign_in):
    admin = await sign_in()
    first, second, third, *rest = drafts(await admin.json("GET", ONTOLOGY))
    new = {"name": "Gland", "color": "#ABCDEF", "hotkey": None, "description": "", "position": 1}
    classes = [
        {**third, "position": 0},
        new,
        {**first, "name": "Carcinoma", "position": 2},
        {**second, "is_archived": True, "position": 3},
    ]
    answer = await admin.json("PUT", ONTOLOGY, json={"classes": classes}, headers={"If-Match": '"1"'})
    assert answer["revision"] == 2
    assert [label["name"] for label in answer["classes"]] == [
        third["name"],
        "Gland",
        "Carcinoma",
        second["name"],
    ]
    assert answer["classes"][1]["color"] == "#abcdef"
    assert answer["classes"][1]["class_id"]
    assert answer["classes"][2]["class_id"] == first["class_id"]
    assert await admin.json("GET", ONTOLOGY) == answer
    assert len(rest) == 6


async def test_a_stale_or_missing_revision_is_refused(sign_in):
    admin = await sign_in()
    classes = drafts(await admin.json("GET", ONTOLOGY))
    body = {"classes": classes}
    await admin.json("PUT", ONTOLOGY, json=body, headers={"If-Match": '"1"'})
    refused = await admin.problem(
        "PUT", ONTOLOGY, json=body, headers={"If-Match": '"1"'}, status=412, kind="stale-revision"
    )
    assert refused["current_revision"] == 2
    await admin.problem("PUT", ONTOLOGY, json=body, status=428, kind="precondition-required")


async def test_a_class_in_use_can_be_archived_but_not_deleted(sign_in, database):
    asset_id = add_asset(database)
    admin = await sign_in()
    used, *others = drafts(await admin.json("GET", ONTOLOGY))
    await admin.change(asset_id, 0, created=[feature(class_id=used["class_id"])])
    head = {"If-Match": '"1"'}
    await admin.problem(
        "PUT", ONTOLOGY, json={"classes": others}, headers=head, status=422, kind="invalid-ontology"
    )
    archived = [{**used, "is_archived": True}, *others]
    await admin.json("PUT", ONTOLOGY, json={"classes": archived}, headers=head)
    created = await admin.ask(
        "POST",
        f"/api/v1/assets/{asset_id}/annotations/changes",
        headers={"If-Match": '"1"'},
        json={
            "change_id": "00000000-0000-4000-8000-000000000001",
            "created": [feature(class_id=used["class_id"])],
        },
    )
    assert created.status == 422
    assert (await created.json(content_type=None))["type"] == "/problems/invalid-class"


async def test_a_class_that_only_the_history_knows_is_kept_so_that_a_deletion_can_be_taken_back(
    sign_in, database
):
    asset_id = add_asset(database)
    admin = await sign_in()
    used, unused, *others = drafts(await admin.json("GET", ONTOLOGY))
    drawn = feature(class_id=used["class_id"])
    await admin.change(asset_id, 0, created=[drawn])
    await admin.change(asset_id, 1, deleted=[drawn["id"]])
    head = {"If-Match": '"1"'}
    without = {"classes": [unused, *others]}
    await admin.problem("PUT", ONTOLOGY, json=without, headers=head, status=422, kind="invalid-ontology")
    await admin.json("PUT", ONTOLOGY, json={"classes": [used, *others]}, headers=head)
    await admin.change(asset_id, 2, created=[drawn])


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "TUMOUR", "class_id": None},
        {"color": "red"},
        {"hotkey": "2"},
        {"hotkey": "b"},
        {"class_id": "0000000000000000"},
        {"unknown": 1},
    ],
    ids=str,
)
async def test_a_list_that_contradicts_itself_is_refused_whole(sign_in, change):
    admin = await sign_in()
    before = await admin.json("GET", ONTOLOGY)
    classes = [*drafts(before), {"name": "New", "color": "#123456", **change}]
    response = await admin.ask("PUT", ONTOLOGY, json={"classes": classes}, headers={"If-Match": '"1"'})
    assert response.status == 422
    assert await admin.json("GET", ONTOLOGY) == before
