"""The ontology in the database: one list of classes for all slides, with a revision."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from annotations.errors import InvalidOntologyError, StaleRevisionError
from annotations.ontology import LabelClass, Ontology
from server.ambient import Ambient
from server.annotating.default_classes import default_classes
from server.db.schema import annotation, change_set, label_class, ontology


@dataclass(frozen=True, slots=True)
class ClassDraft:
    """A class as an admin writes it. ``class_id`` None: a new one; ``position`` None: where it stands."""

    class_id: str | None
    name: str
    color: str
    hotkey: str | None = None
    description: str = ""
    position: int | None = None
    is_archived: bool = False


@dataclass(frozen=True, slots=True)
class OntologyChange:
    """The ontology after a change, and what the audit log says of it."""

    ontology: Ontology
    added: int
    changed: int
    removed: int


def read(connection: Connection) -> Ontology:
    """The ontology; revision 0 is a server on which nobody has looked at it yet."""
    revision = connection.scalar(sa.select(ontology.c.revision)) or 0
    found = connection.execute(sa.select(label_class).order_by(label_class.c.position)).all()
    return Ontology(
        revision,
        tuple(
            LabelClass(
                row.class_id,
                row.name,
                row.color,
                row.hotkey,
                row.description,
                row.position,
                bool(row.is_archived),
            )
            for row in found
        ),
    )


def write_defaults(connection: Connection, ambient: Ambient) -> OntologyChange | None:
    """Give a new server its first classes; None if it has had some."""
    if read(connection).revision > 0:
        return None
    return _replace(connection, Ontology(), default_classes(ambient))


def change(
    connection: Connection, ambient: Ambient, base_revision: int, drafts: Sequence[ClassDraft]
) -> OntologyChange:
    """Replace the classes.

    Raises ``StaleRevisionError`` if ``base_revision`` is not the newest, ``InvalidOntologyError`` for a
    list that contradicts itself, names an id that does not exist, or leaves out a class that annotations
    have.
    """
    current = read(connection)
    if current.revision != base_revision:
        raise StaleRevisionError(current.revision)
    return _replace(connection, current, _classes(current, ambient, drafts))


def append(connection: Connection, classes: Sequence[LabelClass]) -> OntologyChange:
    """Add classes behind those there are. Raises ``InvalidOntologyError``."""
    current = read(connection)
    start = len(current.classes)
    new = (replace(label, position=start + number) for number, label in enumerate(classes))
    return _replace(connection, current, (*current.classes, *new))


def _classes(current: Ontology, ambient: Ambient, drafts: Sequence[ClassDraft]) -> tuple[LabelClass, ...]:
    order = sorted(
        range(len(drafts)),
        key=lambda index: (index if (wanted := drafts[index].position) is None else wanted, index),
    )
    classes = []
    for position, draft in enumerate(drafts[index] for index in order):
        if draft.class_id is not None and current.get(draft.class_id) is None:
            raise InvalidOntologyError(
                "The list names a class that does not exist; new ones come without an id."
            )
        classes.append(
            LabelClass(
                draft.class_id or ambient.new_id(),
                draft.name.strip(),
                draft.color.lower(),
                draft.hotkey or None,
                draft.description,
                position,
                draft.is_archived,
            )
        )
    return tuple(classes)


def _replace(connection: Connection, current: Ontology, classes: tuple[LabelClass, ...]) -> OntologyChange:
    after = Ontology(current.revision + 1, classes)
    kept = {label.class_id for label in classes}
    removed = [label.class_id for label in current.classes if label.class_id not in kept]
    for class_id in removed:
        if _is_used(connection, class_id):
            raise InvalidOntologyError(
                "A class that annotations have or had can only be archived, not deleted."
            )
        connection.execute(label_class.delete().where(label_class.c.class_id == class_id))
    added = changed = 0
    for label in classes:
        before = current.get(label.class_id)
        values = {
            "name": label.name,
            "color": label.color,
            "hotkey": label.hotkey,
            "description": label.description,
            "position": label.position,
            "is_archived": label.is_archived,
        }
        if before is None:
            connection.execute(label_class.insert().values(class_id=label.class_id, **values))
            added += 1
        elif before != label:
            connection.execute(
                label_class.update().where(label_class.c.class_id == label.class_id).values(**values)
            )
            changed += replace(before, position=label.position) != label
    connection.execute(ontology.update().values(revision=after.revision))
    return OntologyChange(after, added, changed, len(removed))


def _is_used(connection: Connection, class_id: str) -> bool:
    """Whether an annotation has the class, or ever had: the history must stay readable, and be taken back."""
    has = sa.select(annotation.c.annotation_key).where(annotation.c.class_id == class_id)
    had = sa.select(change_set.c.revision).where(sa.func.instr(change_set.c.body, class_id.encode()) > 0)
    return any(connection.execute(query.limit(1)).first() is not None for query in (has, had))
