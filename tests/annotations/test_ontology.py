"""The classes that a label may have."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import shapely

from annotations.errors import InvalidOntologyError, LockedAnnotationError, UnknownClassError
from annotations.history import ChangeSet
from annotations.model import Annotation
from annotations.ontology import MAX_CLASSES, RESERVED_HOTKEYS, LabelClass, Ontology
from annotations.policy import check_classes, check_locks

TUMOR = LabelClass("c1", "Tumor", "#c80000", "1")
STROMA = LabelClass("c2", "Stroma", "#96c896", "t", position=1)
OLD = LabelClass("c3", "Old", "#000000", "1", position=2, is_archived=True)
ONTOLOGY = Ontology(1, (TUMOR, STROMA, OLD))
ANNOTATION = Annotation("0b5e6c1a-9a6e-4b0a-8f5c-3d2e1f0a9b8c", shapely.Point(1, 2))
ID = ANNOTATION.annotation_id


def test_classes_are_found_by_id_and_by_name_whatever_its_case():
    assert ONTOLOGY.get("c2") is STROMA
    assert ONTOLOGY.get("c9") is None
    assert ONTOLOGY.named("sTROMA") is STROMA
    assert ONTOLOGY.named("nothing") is None
    assert Ontology(1, (replace(TUMOR, name="Drüse"),)).named("DRU\u0308SE") is not None


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (replace(STROMA, class_id="c1"), "same id"),
        (replace(STROMA, class_id=""), "has no id"),
        (replace(STROMA, name="TUMOR"), "same name"),
        (replace(OLD, name="tumor"), "same name"),
        (replace(STROMA, hotkey="1"), "same key"),
        (replace(STROMA, hotkey="r"), "belongs to a tool"),
        (replace(STROMA, hotkey="R"), "belongs to a tool"),
        (replace(STROMA, hotkey="0"), "belongs to a tool"),
        (replace(STROMA, hotkey=""), "one printable character"),
        (replace(STROMA, hotkey="ab"), "one printable character"),
        (replace(STROMA, hotkey=" "), "one printable character"),
        (replace(STROMA, name=""), "1 to 100"),
        (replace(STROMA, name=" x"), "1 to 100"),
        (replace(STROMA, name="a\nb"), "1 to 100"),
        (replace(STROMA, name="x" * 101), "1 to 100"),
        (replace(STROMA, color="red"), "#rrggbb"),
        (replace(STROMA, color="#FF0000"), "#rrggbb"),
        (replace(STROMA, color="#ff00000"), "#rrggbb"),
        (replace(STROMA, color="#ff0000\n"), "#rrggbb"),
        (replace(STROMA, description="x" * 2001), "2000 characters"),
    ],
)
def test_an_ontology_that_contradicts_itself_is_refused(wrong, sentence):
    with pytest.raises(InvalidOntologyError, match=sentence):
        Ontology(1, (TUMOR, wrong))


def test_the_number_of_classes_is_limited():
    many = tuple(LabelClass(f"c{n}", f"class {n}", "#000000") for n in range(MAX_CLASSES + 1))
    Ontology(1, many[:MAX_CLASSES])
    with pytest.raises(InvalidOntologyError, match="at most"):
        Ontology(1, many)


def test_an_archived_class_gives_its_key_away_but_not_its_name():
    Ontology(1, (TUMOR, OLD))
    with pytest.raises(InvalidOntologyError):
        Ontology(1, (TUMOR, replace(OLD, name="Tumor")))


def test_sentences_do_not_repeat_names():
    with pytest.raises(InvalidOntologyError) as refused:
        Ontology(1, (TUMOR, replace(TUMOR, class_id="c7", name="DOE^JOHN\n")))
    assert "DOE" not in str(refused.value)


def test_every_key_of_the_browsers_tools_is_reserved():
    keymap = Path(__file__).resolve().parents[2] / "static" / "core" / "keymap.ts"
    chords = re.findall(r"chords: \[([^\n]*?)\], group", keymap.read_text())
    keys = {
        key.replace("\\\\", "\\") for line in chords for key in re.findall(r"'([^']+)'", line) if len(key) < 3
    }
    single = {key for key in keys if len(key) == 1}
    assert len(single) > 10
    assert single <= RESERVED_HOTKEYS


def test_a_class_that_does_not_exist_cannot_be_given():
    with pytest.raises(UnknownClassError) as refused:
        check_classes({}, ChangeSet(ID, created=(replace(ANNOTATION, class_id="c9"),)), ONTOLOGY)
    assert refused.value.class_id == "c9"


def test_an_archived_class_can_be_kept_but_not_given():
    old = replace(ANNOTATION, class_id="c3")
    check_classes({ID: old}, ChangeSet(ID, updated=(replace(old, name="x"),)), ONTOLOGY)
    for state, change in (
        ({}, ChangeSet(ID, created=(old,))),
        ({ID: ANNOTATION}, ChangeSet(ID, updated=(old,))),
    ):
        with pytest.raises(UnknownClassError):
            check_classes(state, change, ONTOLOGY)


def test_no_class_and_a_class_of_today_can_be_given():
    given = (ANNOTATION, replace(ANNOTATION, annotation_id="x", class_id="c1"))
    check_classes({}, ChangeSet(ID, created=given), ONTOLOGY)


def test_locks_do_not_ask_about_what_does_not_exist():
    locked = replace(ANNOTATION, is_locked=True)
    check_locks({}, ChangeSet(ID, updated=(locked,), deleted=("x",)))
    with pytest.raises(LockedAnnotationError):
        check_locks({ID: locked}, ChangeSet(ID, deleted=(ID,)))


def test_a_lock_may_be_set_while_the_shape_is_moved():
    check_locks(
        {ID: ANNOTATION}, ChangeSet(ID, updated=(Annotation(ID, shapely.Point(9, 9), is_locked=True),))
    )
