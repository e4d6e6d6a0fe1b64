"""Annotations as files over HTTP."""

import json

import pytest

from server.access import Role
from server.annotating.exchange import Exchange
from server.annotating.service import Annotating
from server.errors import OutOfSpaceError
from tests.server.conftest import add_asset, feature

PATH = "/api/v1/assets/a1/annotations"


@pytest.fixture(autouse=True)
def asset_id(database) -> str:
    return add_asset(database)


def qupath(*names: str) -> bytes:
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "geometry": {"type": "Polygon", "coordinates": [[[n, 0], [n + 9, 0], [n, 9.5], [n, 0]]]},
                    "properties": {
                        "objectType": "annotation",
                        "classification": {"name": name, "color": [1, 2, 3]},
                    },
                }
                for n, name in enumerate(names)
            ],
        }
    ).encode()


async def test_what_is_exported_comes_back_the_same(sign_in, database):
    reviewer = await sign_in(Role.REVIEWER)
    (tumour, *_) = (await reviewer.json("GET", "/api/v1/ontology"))["classes"]
    drawn = [feature(class_id=tumour["class_id"], name="front"), feature()]
    await reviewer.change("a1", 0, created=drawn)
    response = await reviewer.ask("GET", PATH + "/export?format=qupath-geojson")
    assert response.status == 200
    assert response.content_type == "application/geo+json"
    assert response.headers["Content-Disposition"] == 'attachment; filename="a1.geojson"'
    assert response.headers["Slidereel-Losses"] == "0"
    add_asset(database, "a2")
    other = PATH.replace("a1", "a2")
    answer = await reviewer.json("POST", other + "/import?format=qupath-geojson", data=await response.read())
    assert answer == {"revision": 1, "created": 2, "classes_created": [], "losses": []}
    kept = (await reviewer.json("GET", other))["features"]
    assert [(f["id"], f["geometry"], f["properties"]["class_id"]) for f in kept] == [
        (f["id"], f["geometry"], f["properties"]["class_id"]) for f in drawn
    ]


async def test_an_admins_import_brings_its_classes_along(sign_in):
    admin = await sign_in()
    answer = await admin.json("POST", PATH + "/import", data=qupath("Gland", "tumour", "Gland"))
    assert (answer["created"], answer["classes_created"], answer["losses"]) == (3, ["Gland"], [])
    ontology = await admin.json("GET", "/api/v1/ontology")
    assert (ontology["revision"], ontology["classes"][-1]["name"]) == (2, "Gland")
    by_id = {label["class_id"]: label["name"] for label in ontology["classes"]}
    kept = (await admin.json("GET", PATH))["features"]
    assert [by_id[f["properties"]["class_id"]] for f in kept] == ["Gland", "Tumour", "Gland"]


async def test_an_annotators_import_names_the_classes_it_could_not_keep(sign_in):
    annotator = await sign_in(Role.ANNOTATOR)
    answer = await annotator.json("POST", PATH + "/import", data=qupath("Gland", "Tumour"))
    assert (answer["created"], answer["classes_created"]) == (2, [])
    assert len(answer["losses"]) == 1
    assert "unclassified" in answer["losses"][0]
    kept = (await annotator.json("GET", PATH))["features"]
    assert [f["properties"]["class_id"] is None for f in kept] == [True, False]


async def test_a_class_that_is_archived_is_not_given_by_an_import(sign_in):
    admin = await sign_in()
    classes = (await admin.json("GET", "/api/v1/ontology"))["classes"]
    classes[0]["is_archived"] = True
    await admin.json("PUT", "/api/v1/ontology", json={"classes": classes}, headers={"If-Match": '"1"'})
    answer = await admin.json("POST", PATH + "/import", data=qupath("Tumour"))
    assert "archived" in answer["losses"][0]
    assert (await admin.json("GET", PATH))["features"][0]["properties"]["class_id"] is None


async def test_the_same_file_twice_is_twice_as_many_under_new_ids(sign_in):
    admin = await sign_in()
    await admin.change("a1", 0, created=[feature()])
    data = await (await admin.ask("GET", PATH + "/export")).read()
    answer = await admin.json("POST", PATH + "/import", data=data)
    assert (answer["created"], len(answer["losses"])) == (1, 1)
    assert len({f["id"] for f in (await admin.json("GET", PATH))["features"]}) == 2


async def test_a_large_file_is_several_revisions_and_one_import(sign_in, monkeypatch):
    monkeypatch.setattr("server.annotating.exchange.SHAPES_PER_CHANGE", 2)
    admin = await sign_in()
    answer = await admin.json("POST", PATH + "/import", data=qupath(*["Tumour"] * 5))
    assert (answer["revision"], answer["created"]) == (3, 5)
    log = await admin.json("GET", PATH + "/changes")
    assert [len(entry["created"]) for entry in log["changes"]] == [2, 2, 1]


async def test_an_import_that_fails_in_its_middle_leaves_nothing(sign_in, monkeypatch):
    monkeypatch.setattr("server.annotating.exchange.SHAPES_PER_CHANGE", 1)
    admin = await sign_in()
    twice = json.loads(qupath("Gland", "Gland"))
    commit, calls = Annotating.commit_in, []

    def fail_second(self, *arguments, **named):
        calls.append(1)
        if len(calls) == 2:
            raise OutOfSpaceError("The server's disk is full.")
        return commit(self, *arguments, **named)

    monkeypatch.setattr(Annotating, "commit_in", fail_second)
    await admin.problem("POST", PATH + "/import", data=json.dumps(twice), status=507, kind="out-of-space")
    assert (await admin.json("GET", PATH))["revision"] == 0
    assert (await admin.json("GET", "/api/v1/ontology"))["revision"] == 1


async def test_an_import_goes_on_top_of_what_others_draw_meanwhile(sign_in, monkeypatch):
    admin = await sign_in()
    await admin.json("GET", "/api/v1/ontology")
    read, meanwhile = Exchange._read, []

    async def read_while_others_edit(self, *arguments):
        reading = await read(self, *arguments)
        if len(meanwhile) == 0:
            await admin.change("a1", 0, created=[feature()])
        elif len(meanwhile) == 1:
            classes = (await admin.json("GET", "/api/v1/ontology"))["classes"]
            body = {"classes": [*classes, {"name": "Gland", "color": "#010203"}]}
            await admin.json("PUT", "/api/v1/ontology", json=body, headers={"If-Match": '"1"'})
        meanwhile.append(1)
        return reading

    monkeypatch.setattr(Exchange, "_read", read_while_others_edit)
    first = await admin.json("POST", PATH + "/import", data=qupath("Tumour"))
    assert (first["revision"], first["created"], len(meanwhile)) == (2, 1, 1)
    second = await admin.json("POST", PATH + "/import", data=qupath("Gland"))
    assert (second["revision"], second["classes_created"], len(meanwhile)) == (3, [], 3)


async def test_an_import_whose_ids_somebody_took_meanwhile_gets_new_ones(sign_in, monkeypatch):
    admin = await sign_in()
    drawn = feature()
    file = json.dumps({"type": "FeatureCollection", "features": [{**drawn, "properties": {}}]})
    read, meanwhile = Exchange._read, []

    async def read_while_others_import(self, *arguments):
        reading = await read(self, *arguments)
        if not meanwhile:
            await admin.change("a1", 0, created=[drawn])
        meanwhile.append(1)
        return reading

    monkeypatch.setattr(Exchange, "_read", read_while_others_import)
    answer = await admin.json("POST", PATH + "/import", data=file)
    assert (answer["revision"], len(answer["losses"]), len(meanwhile)) == (2, 1, 2)
    assert len({f["id"] for f in (await admin.json("GET", PATH))["features"]}) == 2


@pytest.mark.parametrize("data", [b"", b"{", b"null", b"\xff\xfe", b'{"type":"Nothing"}', b"[" * 100_000])
async def test_what_is_no_such_file_is_refused_with_a_sentence(sign_in, data):
    admin = await sign_in()
    problem = await admin.problem("POST", PATH + "/import", data=data, status=422, kind="invalid-file")
    assert problem["detail"].endswith(".")


async def test_a_format_that_is_not_known_is_refused(sign_in):
    admin = await sign_in()
    await admin.problem("GET", PATH + "/export?format=docx", status=422, kind="invalid-file")
    await admin.problem("POST", PATH + "/import?format=docx", data=b"{}", status=422, kind="invalid-file")


async def test_the_audit_log_has_that_annotations_left_and_came(sign_in):
    admin = await sign_in()
    await admin.json("POST", PATH + "/import", data=qupath("Tumour", "Stroma"))
    await (await admin.ask("GET", PATH + "/export")).read()
    events = (await admin.json("GET", "/api/v1/audit?subject_id=a1"))["items"]
    assert [
        (event["action"], event["detail"].get("count"), event["detail"].get("source")) for event in events
    ] == [
        ("annotation.export", 2, None),
        ("annotation.change", None, "import"),
    ]
