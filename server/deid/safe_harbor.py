"""The eighteen identifiers of the Safe Harbor rule, and what was done about each of them in one asset.

45 CFR 164.514(b)(2)(i) lists them as (A) to (R). A row says what was looked for and where, what was found
(counts and names of places, never a value), what was done, the proof, and what the row does not show. That
nobody knows how the rest could identify a person, 164.514(b)(2)(ii), is for those who sign to say.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from server.deid.safe_harbor_evidence import Evidence, Pictures, counted, read_evidence
from server.deid.safe_harbor_places import Tally, tally

IDENTIFIERS = {
    "A": "Names",
    "B": "Geographic subdivisions smaller than a State: street, city, county, precinct, ZIP code, geocodes",
    "C": "All elements of dates but the year that relate to an individual; ages over 89",
    "D": "Telephone numbers",
    "E": "Fax numbers",
    "F": "Electronic mail addresses",
    "G": "Social security numbers",
    "H": "Medical record numbers",
    "I": "Health plan beneficiary numbers",
    "J": "Account numbers",
    "K": "Certificate and license numbers",
    "L": "Vehicle identifiers and serial numbers, license plate numbers",
    "M": "Device identifiers and serial numbers",
    "N": "Web addresses (URLs)",
    "O": "Internet protocol (IP) addresses",
    "P": "Biometric identifiers, finger and voice prints among them",
    "Q": "Full face photographs and comparable images",
    "R": "Any other unique identifying number, characteristic, or code",
}
_LOOKED_FOR = {
    "A": "Elements, tags and boxes for names: of patients, physicians, operators, authors",
    "B": "Elements and tags for institutions, addresses, places of residence, stations and positions (GPS)",
    "C": "Elements, tags and boxes for dates, times of day and ages",
    "D": "Elements for telephone and pager numbers",
    "E": "Elements for fax numbers; DICOM has one kind of element for all numbers of a telephone line",
    "F": "Elements for mail addresses and other ways to be reached",
    "G": "Elements for social security numbers and further numbers of the patient",
    "H": "Elements for the patient's number and its issuer",
    "I": "Elements for insurance plans and beneficiaries",
    "J": "Elements for admissions and accounts",
    "K": "Elements for licences, certificates and digital signatures",
    "L": "No element of these formats is meant for it",
    "M": "Elements and tags for makers, models, serial numbers, stations and detectors",
    "N": "Elements and boxes for addresses of documents",
    "O": "Elements and tags for addresses and titles of computers",
    "P": "Streams of sound and elements for spoken notes",
    "Q": "Pictures beside the one that was wanted: label, macro, thumbnails, icons, previews, photographs",
    "R": "Unique identifiers (UIDs), numbers of orders, specimens and containers, barcodes, names of files",
}
_PICTORIAL = frozenset("PQ")
"""Items that no text in a picture can be."""
_LETTERS_SHORTER = (
    "Strings of fewer than six characters were not searched for; the construction alone rules them out."
)


@dataclass(frozen=True, slots=True)
class Row:
    """One item of the rule. Everything is a sentence or a count; no value of the source is in any of it."""

    letter: str
    identifier: str
    looked_for: tuple[str, ...]
    found: tuple[str, ...]
    places: Tally
    done: tuple[str, ...]
    proof: tuple[str, ...]
    not_shown: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        stated = {name: list(value) for name, value in asdict(self).items() if isinstance(value, tuple)}
        return {
            "letter": self.letter,
            "identifier": self.identifier,
            **stated,
            "places": self.places.to_json(),
        }


def rows(
    report: Mapping[str, Any],
    *,
    kind: str,
    subject: str | None = None,
    acquired_on: str | None = None,
) -> tuple[Row, ...]:
    """The eighteen rows of an asset in the rule's order, from the report of its conversion.

    kind: "slide" or "video". subject, acquired_on: what the catalog shows in place of patient and day.
    """
    evidence = read_evidence(report, kind=kind)
    free = tally([place for place in evidence.places if place.may_hold_anything])
    return tuple(_row(letter, evidence, free, subject, acquired_on) for letter in IDENTIFIERS)


def _row(letter: str, evidence: Evidence, free: Tally, subject: str | None, acquired_on: str | None) -> Row:
    is_text = letter not in _PICTORIAL
    named = tally(
        [place for place in evidence.places if place.may_hold(letter) or (letter == "Q" and place.is_picture)]
    )
    looked_for = [_LOOKED_FOR[letter]]
    found = [_places_found(named)]
    done = [_places_done(named)]
    proof: list[str] = []
    if is_text:
        looked_for.append("Free text, private elements, unknown and unused bytes, which may hold any of them")
        looked_for.append("Text in the pictures, whatever it means")
        found += [_free_found(free), _text_found(evidence)]
        done += [_free_done(free), _text_done(evidence)]
        proof.append(evidence.search)
    proof.append(evidence.reopening)
    if evidence.masks is not None and letter != "P":
        proof.append(evidence.masks)
    not_shown = [_LETTERS_SHORTER, *_text_not_shown(evidence)] if is_text else []
    special = _SPECIAL.get(letter)
    if special is not None:
        special(evidence, _Sentences(looked_for, found, done, not_shown), subject, acquired_on)
    return Row(
        letter,
        IDENTIFIERS[letter],
        tuple(looked_for),
        tuple(found),
        named,
        tuple(done),
        tuple(proof),
        tuple(not_shown),
    )


@dataclass(frozen=True, slots=True)
class _Sentences:
    looked_for: list[str]
    found: list[str]
    done: list[str]
    not_shown: list[str]


def _places_found(named: Tally) -> str:
    return _named(named) if named.count else "No place for it in this file."


def _named(places: Tally) -> str:
    names = ", ".join(places.names) + (f" and {places.more_names} more" if places.more_names else "")
    return f"{counted(places.count, 'place')}, {counted(places.byte_count, 'byte')}: {names}."


def _places_done(named: Tally) -> str:
    if not named.count:
        return "Nothing to remove."
    return _fate(named, "Not carried over")


def _free_found(free: Tally) -> str:
    return f"May hold anything: {_named(free)}" if free.count else "No place that may hold anything."


def _free_done(free: Tally) -> str:
    if not free.count:
        return "No such place to remove."
    return _fate(free, "What may hold anything was not carried over")


def _fate(places: Tally, removed: str) -> str:
    """What became of places that must not travel; what did all the same is said aloud."""
    if places.kept:
        return f"{counted(places.kept, 'place')} carried over, which should not be: see the list of places."
    if places.rebuilt:
        return (
            f"{removed}; of {counted(places.rebuilt, 'place')} technical values were read, checked and "
            "written anew: see the list of places."
        )
    return f"{removed}."


def _text_found(evidence: Evidence) -> str:
    pictures = evidence.pictures
    if pictures is None or pictures.detector is None:
        return "Text in the pictures was not looked for."
    text = pictures.of("text")
    seen = (
        f"Text in the pictures in {counted(text.found, 'place')}."
        if text.found
        else "No text found in the pictures."
    )
    return seen + _cut_found(pictures)


def _cut_found(pictures: Pictures) -> str:
    beyond = pictures.of("outside_regions", "outside_sector")
    return f" {counted(beyond.found, 'area')} beyond the examination's own." if beyond.found else ""


def _text_done(evidence: Evidence) -> str:
    pictures = evidence.pictures
    if pictures is None:
        return "Nothing was done about text in the pictures; whoever released this had to look."
    parts = []
    text = pictures.of("text")
    if text.masked:
        parts.append(f"{counted(text.masked, 'place')} with text blanked in every frame or tile touched.")
    if text.found > text.masked:
        left = counted(text.found - text.masked, "place")
        parts.append(f"{left} with text left as found, for the reviewer to judge.")
    if pictures.is_cut:
        parts.append("Everything beyond the examination's own area was blanked, in every frame.")
    elif pictures.material == "ultrasound":
        parts.append("Beyond the ultrasound's own area nothing but text was blanked.")
    if evidence.kind == "slide":
        parts.append(_macro_done(evidence, pictures))
    if evidence.added_boxes:
        parts.append(f"{counted(evidence.added_boxes, 'area')} that a reviewer drew blanked.")
    return " ".join(parts) or "No pixel had to be blanked."


def _macro_done(evidence: Evidence, pictures: Pictures) -> str:
    if not evidence.has_macro:
        return "Label and macro picture were not carried over."
    taken = counted(pictures.of("label").masked, "area")
    return f"The macro picture was made anew and kept without its label ({taken} taken out)."


def _text_not_shown(evidence: Evidence) -> tuple[str, ...]:
    if evidence.pictures is None or evidence.pictures.detector is None:
        return ("Whether text can be seen in the pictures.",)
    return ("That no very small, faint or written-by-hand text escaped the detector.",)


def _dates(evidence: Evidence, row: _Sentences, subject: str | None, acquired_on: str | None) -> None:
    if acquired_on is not None:
        row.done.append(
            "The catalog shows the day of the examination shifted by a number of days that is this patient's "
            "own, is not 0, and is kept with the pseudonyms; the days between examinations stay as they were."
        )
        row.not_shown.append("Whether a shifted day may be disclosed: that is for the institution to decide.")
    else:
        row.done.append(
            "The day of the examination stands in the sealed original alone, if that still exists."
        )
    if evidence.kind == "video":
        row.done.append("Times of frames count from the first frame and tell no hour.")


def _vehicles(evidence: Evidence, row: _Sentences, subject: str | None, acquired_on: str | None) -> None:
    row.not_shown.append("Plates or vehicles in the picture itself are not recognised as such.")


def _devices(evidence: Evidence, row: _Sentences, subject: str | None, acquired_on: str | None) -> None:
    row.not_shown.append(
        "Traces that a scanner or camera leaves in the pixels themselves (noise, defects) are not removed."
    )


def _biometrics(evidence: Evidence, row: _Sentences, subject: str | None, acquired_on: str | None) -> None:
    row.done.append("The result has no stream but the pictures; sound cannot be stored in it.")
    row.not_shown.append(
        "Fingerprints, irises, teeth, veins or gait in the picture itself are not looked for: what an "
        "examination shows of the body stays."
    )


def _faces(evidence: Evidence, row: _Sentences, subject: str | None, acquired_on: str | None) -> None:
    pictures, is_ignored = evidence.pictures, evidence.rules.get("out_of_body") == "ignore"
    if evidence.kind == "slide":
        if pictures is not None:
            row.done.append(_macro_done(evidence, pictures))
        row.not_shown.append("A slide shows tissue under glass; faces are not looked for.")
        return
    row.looked_for.append("Parts of the video that show the room rather than the inside of a body")
    row.not_shown.append(
        "Faces are not recognised as such, least of all in parts that show the inside of a body."
    )
    if pictures is None or pictures.material == "ultrasound" or is_ignored:
        row.found.append("Parts that show the room were not looked for.")
        if pictures is not None and pictures.is_cut:
            row.done.append("Everything beyond the ultrasound's own area was blanked, in every frame.")
        return
    room = pictures.of("out_of_body")
    row.found.append(
        f"{counted(room.found, 'part')} of the video that show{'s' * (room.found == 1)} the room."
    )
    if room.masked:
        row.done.append(f"{counted(room.masked, 'part')} blanked as a whole, in every frame.")
    if room.found > room.masked:
        row.done.append(
            f"{counted(room.found - room.masked, 'part')} left as found, for the reviewer to judge."
        )


def _codes(evidence: Evidence, row: _Sentences, subject: str | None, acquired_on: str | None) -> None:
    row.done.append(
        "The file's name was replaced by a random one; only the sealed original holds it, if it still exists."
    )
    if subject is not None:
        row.done.append(
            "The catalog shows a pseudonym made with a secret key of this server, which no file of the asset "
            "and no report holds."
        )
    if evidence.kind == "slide":
        row.not_shown.append(
            "Who has the original can tell from the tissue that this slide was made from it."
        )
    else:
        row.not_shown.append("Who has the original can tell from the pictures that this was made from it.")


_SPECIAL = {
    "C": _dates,
    "L": _vehicles,
    "M": _devices,
    "P": _biometrics,
    "Q": _faces,
    "R": _codes,
}
