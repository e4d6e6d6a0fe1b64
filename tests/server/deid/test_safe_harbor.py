"""The eighteen rows, from what the wings report."""

import json
from collections.abc import Mapping

import pytest

from server.deid.safe_harbor import IDENTIFIERS, Row, rows
from server.deid.safe_harbor_places import Place
from tests.server.deid.reports import finding, loop_report, place, policy_of, slide_report


def by_letter(report: Mapping[str, object], kind: str, **known: str) -> dict[str, Row]:
    return {row.letter: row for row in rows(report, kind=kind, **known)}


@pytest.mark.parametrize(("report", "kind"), [(loop_report(), "video"), (slide_report(), "slide")])
def test_there_are_always_the_eighteen_rows_of_the_rule_in_its_order_and_each_says_something(report, kind):
    found = rows(report, kind=kind)
    assert [row.letter for row in found] == list("ABCDEFGHIJKLMNOPQR")
    assert [row.identifier for row in found] == list(IDENTIFIERS.values())
    for row in found:
        assert row.looked_for and row.found and row.done and row.proof
        assert set(row.to_json()) == {
            "letter", "identifier", "looked_for", "found", "places", "done", "proof", "not_shown",
        }  # fmt: skip


@pytest.mark.parametrize(
    ("letter", "name"),
    [
        ("A", "PatientName"),
        ("A", "directory 0 (level 0), Artist"),
        ("A", "tag of the file"),
        ("A", "file 1 (level 0), patient"),
        ("B", "InstitutionAddress"),
        ("B", "directory 0, GPS"),
        ("C", "PatientBirthDate"),
        ("C", "StudyTime"),
        ("C", "movie header with dates"),
        ("C", "directory 1 (label), DateTime"),
        ("D", "ReferringPhysicianTelephoneNumbers"),
        ("G", "OtherPatientIDs"),
        ("H", "RequestAttributesSequence > PatientID"),
        ("M", "directory 0 (level 0), ScannerSerialNumber"),
        ("N", "data reference"),
        ("O", "SourceApplicationEntityTitle"),
        ("P", "sound stream"),
        ("Q", "cover picture"),
        ("R", "SOPInstanceUID"),
        ("R", "AccessionNumber"),
        ("R", "directory 0 (level 0), Barcode"),
        ("R", "attachment's file name"),
    ],
)
def test_a_place_counts_for_the_item_that_its_name_speaks_of(letter, name):
    assert Place(name, "dropped", 1).may_hold(letter)
    report = loop_report(places=[place(name, 7)])
    row = by_letter(report, "video")[letter]
    assert (row.places.count, row.places.byte_count) == (1, 7)
    assert "1 place, 7 bytes" in row.found[0]


@pytest.mark.parametrize(
    "name",
    [
        "preamble",
        "private (200d,1001)",
        "bytes that nothing refers to",
        "directory 0 (level 0), ImageDescription",
        "directory 0 (level 0), tag 65441",
        "SeriesDescription",
        "comments in frames",
        "SEI user data in the pictures",
        "box of an unknown kind",
        "subtitle stream",
        "free space",
    ],
)
def test_free_text_private_and_unused_bytes_may_hold_anything(name):
    assert Place(name, "dropped", 1).may_hold_anything


@pytest.mark.parametrize(
    "name", ["ExposureTime", "FrameTime", "Rows", "SliceLocation", "key frame table", "PixelData"]
)
def test_technical_places_are_not_taken_for_identifiers(name):
    one = Place(name, "dropped", 1)
    assert not one.may_hold_anything
    assert not any(one.may_hold(letter) for letter in IDENTIFIERS)


def test_pictures_beside_the_slide_are_counted_and_reduced_levels_are_not():
    names = (
        "directory 2 (label), image strips",
        "directory 3 (macro), image strips",
        "associated image 1 (label)",
    )
    assert all(Place(name, "dropped", 1).is_picture for name in names)
    assert not Place("directory 1 (level), image tiles", "dropped", 1).is_picture
    assert not Place("directory 0 (level 0), image tiles", "kept", 1).is_picture
    assert by_letter(slide_report(), "slide")["Q"].places.count == 2


def test_text_in_pictures_is_counted_blanked_and_left_apart():
    row = by_letter(loop_report(), "video")["A"]
    assert any("Text in the pictures in 2 places" in sentence for sentence in row.found)
    assert any(
        "1 place with text blanked" in sentence and "1 place with text left" in sentence
        for sentence in row.done
    )
    assert any("beyond the examination's own area was blanked" in sentence for sentence in row.done)


def test_the_proof_names_strings_patterns_bytes_readers_and_masks():
    proof = " ".join(by_letter(loop_report(), "video")["A"].proof)
    for words in (
        "27 strings",
        "198 disguises",
        "1,820,571 bytes",
        "0 places",
        "FFmpeg",
        "30 frames",
        "0.41",
    ):
        assert words in proof
    proof = " ".join(by_letter(slide_report(), "slide")["A"].proof)
    assert "white" not in proof
    for words in ("OpenSlide and tifffile", "130 tiles", "1,672,688 bytes of slide.tif"):
        assert words in proof


def test_ultrasound_whose_own_area_was_not_cut_out_is_said_to_be_so():
    report = loop_report(scrub=loop_report()["scrub"] | {"kept": None})
    done = by_letter(report, "video")["A"].done
    assert any("nothing but text was blanked" in sentence for sentence in done)
    assert not any("was blanked, in every frame" in sentence for sentence in done)


def test_masked_tiles_of_a_slide_are_part_of_the_proof():
    report = slide_report()
    report["proof"] = report["proof"] | {"tiles": report["proof"]["tiles"] | {"masked": 3}}
    assert any("3 masked tiles" in sentence for sentence in by_letter(report, "slide")["A"].proof)


def test_an_asset_whose_pictures_nobody_looked_at_is_not_said_to_be_looked_at():
    report = loop_report()
    del report["scrub"]
    rows_ = by_letter(report, "video")
    assert any("was not looked for" in sentence for sentence in rows_["A"].found)
    assert any("Nothing was done about text" in sentence for sentence in rows_["A"].done)
    assert any("were not looked for" in sentence for sentence in rows_["Q"].found)
    blind = loop_report(scrub=loop_report()["scrub"] | {"detector": "none", "findings": []})
    row = by_letter(blind, "video")["H"]
    assert any("was not looked for" in sentence for sentence in row.found)
    assert not any("looked again" in sentence for sentence in row.proof)


def test_a_result_without_proof_is_not_said_to_be_proved():
    proof = by_letter(loop_report(proof={}), "video")["A"].proof
    assert "No search of the result is on record." in proof
    assert "No second opening of the result is on record." in proof


def test_faces_are_honestly_not_looked_for_and_the_room_is_told_by_parts():
    assert any(
        "faces are not looked for" in note for note in by_letter(slide_report(), "slide")["Q"].not_shown
    )
    scrub = loop_report()["scrub"] | {"material": "endoscopy", "kept": None}
    scrub["findings"] = [finding("out_of_body"), finding("out_of_body", is_masked=False)]
    row = by_letter(loop_report(scrub=scrub), "video")["Q"]
    assert any("2 parts of the video that show the room" in sentence for sentence in row.found)
    assert any("1 part blanked" in sentence for sentence in row.done)
    assert any("1 part left" in sentence for sentence in row.done)
    assert any("Faces are not recognised" in note for note in row.not_shown)
    rules = policy_of() | {"rules": {"video": {"out_of_body": "ignore"}}}
    row = by_letter(loop_report(scrub=scrub, policy=rules), "video")["Q"]
    assert any("were not looked for" in sentence for sentence in row.found)


def test_a_shifted_day_and_a_pseudonym_are_said_to_be_kept_where_they_are():
    with_both = by_letter(loop_report(), "video", subject="P-ABCD-1234", acquired_on="2020-01-02")
    assert any("shifted" in sentence for sentence in with_both["C"].done)
    assert any("pseudonym" in sentence for sentence in with_both["R"].done)
    without = by_letter(loop_report(), "video")
    assert (
        "The day of the examination stands in the sealed original alone, if that still exists."
        in without["C"].done
    )
    assert not any("pseudonym" in sentence for sentence in without["R"].done)


def test_a_place_that_was_carried_over_against_the_rule_is_shouted_and_not_hidden():
    row = by_letter(loop_report(places=[place("PatientName", 9, "kept")]), "video")["A"]
    assert "should not be" in row.done[0]


def test_a_slide_without_macro_is_said_to_have_none():
    assert any("kept without its label (1 area" in s for s in by_letter(slide_report(), "slide")["A"].done)
    without = by_letter(slide_report(has_macro=False), "slide")["A"]
    assert any("were not carried over" in sentence for sentence in without.done)


def test_every_row_is_plain_json():
    for row in rows(loop_report(), kind="video"):
        assert json.loads(json.dumps(row.to_json())) == row.to_json()


def test_what_was_recognised_in_the_result_is_not_called_looked_at():
    report = loop_report()
    report["scrub"] = report["scrub"] | {"windows_looked_at": 9, "windows_recognised": 7}
    proof = " ".join(by_letter(report, "video")["A"].proof)
    assert "recognised (7 windows" in proof and "text in 0 places" in proof
    assert "The detector looked again" not in proof
    assert "The detector looked again" in " ".join(by_letter(loop_report(), "video")["A"].proof)
