"""The classes that annotations can have."""

import msgspec
from aiohttp import web

from annotations.ontology import Ontology
from server.access import Permission
from server.annotating import ClassDraft
from server.api.endpoint import Answer, Call, Routes, json_answer

routes = Routes("ontology")
BODY_LIMIT_BYTES = 4 * 1024 * 1024


class LabelClassWire(msgspec.Struct):
    """A class. ``color`` is ``#rrggbb``; an archived one stays on the annotations that have it."""

    class_id: str
    name: str
    color: str
    hotkey: str | None
    description: str
    position: int
    is_archived: bool


class OntologyWire(msgspec.Struct):
    """All classes, at one revision."""

    revision: int
    classes: list[LabelClassWire]


class LabelClassDraft(msgspec.Struct, forbid_unknown_fields=True):
    """A class to save; ``class_id`` is null or absent for a new one."""

    name: str
    color: str
    class_id: str | None = None
    hotkey: str | None = None
    description: str = ""
    position: int | None = None
    is_archived: bool = False


class OntologyDraft(msgspec.Struct, forbid_unknown_fields=True):
    """All classes as they shall be. One that annotations have can be archived, not left out."""

    classes: list[LabelClassDraft]


@routes.add("GET", "/api/v1/ontology", Permission.ONTOLOGY_READ, response=OntologyWire)
async def read_ontology(call: Call) -> Answer:
    """The classes; the ETag is their revision."""
    return _answer(await call.services.annotating.ontology())


@routes.add(
    "PUT",
    "/api/v1/ontology",
    Permission.ONTOLOGY_WRITE,
    request=OntologyDraft,
    response=OntologyWire,
    problems=("stale-revision", "precondition-required", "invalid-input", "unsupported-media", "too-large"),
)
async def replace_ontology(call: Call) -> Answer:
    """Replace the classes; If-Match names the revision that they were made from."""
    revision = call.if_match()
    given = await call.json_body(OntologyDraft, BODY_LIMIT_BYTES)
    drafts = [
        ClassDraft(
            draft.class_id,
            draft.name,
            draft.color,
            draft.hotkey,
            draft.description,
            draft.position,
            draft.is_archived,
        )
        for draft in given.classes
    ]
    return _answer(await call.services.annotating.change_ontology(call.actor, revision, drafts, call.origin))


def _answer(ontology: Ontology) -> web.Response:
    classes = [
        LabelClassWire(
            label.class_id,
            label.name,
            label.color,
            label.hotkey,
            label.description,
            label.position,
            label.is_archived,
        )
        for label in ontology.classes
    ]
    return json_answer(OntologyWire(ontology.revision, classes), etag=str(ontology.revision))
