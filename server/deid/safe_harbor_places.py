"""What may stand in a place of a source, by the place's name alone.

Names of places are the standard's or ours ("PatientName", "directory 2 (label), image strips", "sound
stream"); what stands there is not known here, and need not be. A place may count for several of the eighteen
items; free text, private elements and gaps may hold any of them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_PATTERNS: dict[str, tuple[str, ...]] = {
    "A": (
        r"(?:Patient|Birth|Person|Operators|Alias|Responsible|Verifying|Content.?Creator)\w*Name\w*",
        r"NameOf\w+|\w*Physicians?(?:Name|OfRecord)?|Artist|OtherPatientNames|patient|requests",
        r"track name|title|tags?(?: of .*)?|service or programme names",
    ),
    "B": (
        r"Institution\w*|\w*Residence|\w*PatientLocation|\w*Address|GPS|StationName",
        r"visit|study, series and equipment",
    ),
    "C": (
        r"\w*Date\w*|\w*(?:Birth|Study|Series|Acquisition|Content|Creation|Start|End|Admitting)Time",
        r"PatientAge|TimezoneOffsetFromUTC|(?:.* with )?dates?|time code",
        r"patient|visit|study, series and equipment|acquisition",
    ),
    "D": (r"\w*(?:Telephone|Phone|Pager)\w*|patient",),
    "E": (r"\w*(?:Telephone|Fax)\w*",),
    "F": (r"\w*(?:Email|EMail|Telecom)\w*",),
    "G": (r"OtherPatientIDs\w*|\w*SocialSecurity\w*|patient",),
    "H": (r"(?:Issuer\w*)?PatientID\w*|OtherPatientIDs\w*|MedicalRecordLocator|patient",),
    "I": (r"\w*(?:Insurance|MedicalPlan|Medicare|Beneficiary)\w*|patient",),
    "J": (r"(?:IssuerOf)?AdmissionID\w*|\w*Account\w*|visit",),
    "K": (r"\w*(?:License|Licence|Certificate)\w*|signatures",),
    "M": (
        r"\w*(?:SerialNumber|DeviceUID|DetectorID|PlateID|GantryID|CassetteID|UniqueDeviceIdentifier)\w*",
        r"Device\w*|Equipment\w*|ContributingEquipmentSequence|StationName|HostComputer|PropertyMap",
        r"Make|Model|ManufacturerModelName|study, series and equipment|acquisition",
    ),
    "N": (r"\w*(?:URL|URI)\w*|data reference",),
    "O": (
        r"\w*(?:IPAddress|NetworkID|AETitle|ApplicationEntityTitle)\w*|HostComputer",
        r"file meta information",
    ),
    "P": (r"sound stream|sound settings|\w*(?:Audio|Biometric|Voice)\w*",),
    "Q": (
        r"PatientPhoto\w*|IconImage\w*|preview|cover picture|attached file|attachments?",
        r"further video stream|associated image.*",
    ),
    "R": (
        r"\w*UID|AccessionNumber|StudyID|ClinicalTrial\w*|Barcode|AuthCode",
        r"\w*(?:Order|Procedure|Step|Specimen|Container|Protocol)\w*ID(?:entifier)?",
        r"segment id|checksum|.*file name|names of \d+ files|procedure and specimen|relations|requests",
        r"file meta information|microscope slide",
    ),
}
_ANYTHING = (
    r"private.*|preamble|bytes .*|what cannot be read|further elements|free space|padding",
    r"\w*(?:Description|Comments?|History|Text|Reason|Notes?)\w*|\w*Service|MilitaryRank|Occupation|EthnicGroup",
    r"Software|DocumentName|PageName|Copyright|XMP|IPTC|Photoshop|Exif|Interoperability|ImageJ|ICCProfile",
    r"Reference|PropertyMap|tag \d+|\d+ entries of unknown type|\d+ text values",
    r"tags?(?: of .*)?|.*chapters?.*|.*subtitle.*|.*(?:user|script) data.*|data stream|metadata box",
    r".* of an unknown kind|box of a kind of its own.*|.*private data|handler with a name",
    r"name of the writing program|stream name|XMP packet|comments?(?: in frames)?|APP\d+ in frames",
    r"application data|text to be drawn|information text|header with its tags",
    r"index and what stands behind it",
    r"file \d+, no image of the slide|group [0-9a-f]{4}|\(\w{4},\w{4}\)",
)
_PICTURES = re.compile(
    r"directory \d+ \((?!level)[^)]*\), image .*|directory \d+, image .*"
    r"|associated image.*|file \d+ \((?!level)[^)]*\), pixel data"
)
_COMPILED = {letter: re.compile("|".join(parts)) for letter, parts in _PATTERNS.items()}
_FREE = re.compile("|".join(_ANYTHING))
_HEAD = re.compile(r"^(?:directory \d+(?: \([^)]*\))?|file \d+ \([^)]*\)), ")
MOST_NAMES = 12


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the source as the report of a conversion lists it."""

    name: str
    action: str
    byte_count: int

    @property
    def own_name(self) -> str:
        """Without the directory, file or sequence in which it lies."""
        if self.is_picture:
            return self.name
        return _HEAD.sub("", self.name).rpartition(" > ")[2]

    def may_hold(self, letter: str) -> bool:
        """Whether it is a place for this item by its name."""
        pattern = _COMPILED.get(letter)
        return pattern is not None and pattern.fullmatch(self.own_name) is not None

    @property
    def may_hold_anything(self) -> bool:
        """Free text, private data, unknown or unused bytes."""
        return _FREE.fullmatch(self.own_name) is not None

    @property
    def is_picture(self) -> bool:
        """A picture beside the one that was wanted: label, macro, thumbnail, icon, preview."""
        return _PICTURES.fullmatch(self.name) is not None


@dataclass(frozen=True, slots=True)
class Tally:
    """Places counted. names: of different ones, at most MOST_NAMES; kept: how many travelled as they are;
    rebuilt: of how many a technical value was read, checked and written anew."""

    count: int
    byte_count: int
    names: tuple[str, ...]
    more_names: int
    kept: int
    rebuilt: int

    def to_json(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "byte_count": self.byte_count,
            "names": list(self.names),
            "more_names": self.more_names,
            "kept": self.kept,
            "rebuilt": self.rebuilt,
        }


def tally(places: Sequence[Place]) -> Tally:
    names = list(dict.fromkeys(place.own_name for place in places))
    return Tally(
        count=len(places),
        byte_count=sum(place.byte_count for place in places),
        names=tuple(names[:MOST_NAMES]),
        more_names=max(0, len(names) - MOST_NAMES),
        kept=sum(place.action == "kept" for place in places),
        rebuilt=sum(place.action == "rebuilt" for place in places),
    )


def read_places(report: Mapping[str, Any]) -> tuple[Place, ...]:
    """The places of a conversion's report."""
    return tuple(
        Place(str(place["place"]), str(place["action"]), int(place["byte_count"]))
        for place in report.get("places", ())
    )
