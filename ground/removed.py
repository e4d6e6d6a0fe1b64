"""Which strings the result must not contain: what the source said in words, in every disguise we know of.

A value is searched for as a whole and in its parts; a name in DICOM's form also as people write it, a day in
its usual spellings, letters with marks however they are composed. Each is looked for in plain bytes, in
UTF-8, Latin-1 and UTF-16, in base64 and in hexadecimal digits, backwards, and whatever the case of its
letters. Nothing shorter than six bytes is: such strings turn up in compressed image data by chance.

All values of a source are searched for. A source with more than can be is refused, since a search for some of
them would prove nothing of the others.
"""

import base64
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date

from ground.search import MIN_BYTES, Needle

# Six or seven letters of any case would be hit by chance once in a hundred large slides; these are searched
# for as written, in capitals, in small letters and capitalised.
_SAFE_IN_ANY_CASE_BYTES = 8
# Real files were seen to have up to 1,149 values; tables for so many are made in 30 s.
MOST_VALUES = 65_536
MOST_VALUE_BYTES = 8 * 2**20
_FIELD_ENDS = re.compile(rb"[|\x00-\x1f\x7f]|;(?=Aperio)")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{6,4096}={0,2}")
_COARSE = re.compile(rb"[\s,;]+")
_FINE = re.compile(rb"[\s,;|=^_'\"()\[\]{}<>]+")
_PEOPLE = re.compile(rb"[=\\]")  # one person in several scripts, and several people (DICOM PS3.5, 6.2)
_DAY = re.compile(rb"((?:18|19|20)\d\d)([-./: ]?)(\d\d)\2(\d\d)")
_SPELLINGS = ("%Y%m%d", "%Y-%m-%d", "%Y/%m/%d", "%Y:%m:%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y")


class TooMuchToSearchForError(Exception):
    """The source says more than can be looked for in its result."""

    def __init__(self) -> None:
        super().__init__("the file holds more texts than the result can be searched for")


def removed_values(texts: Iterable[bytes], forbidden: Iterable[str]) -> frozenset[bytes]:
    """The values, and their parts, in `texts` (descriptions and tags as they stand) and `forbidden`.

    Raises TooMuchToSearchForError beyond MOST_VALUES or MOST_VALUE_BYTES.
    """
    values: set[bytes] = set()
    byte_count = 0
    for value in _stated(texts, forbidden):
        new = _parts(value) - values
        values |= new
        byte_count += sum(map(len, new))
        if len(values) > MOST_VALUES or byte_count > MOST_VALUE_BYTES:
            raise TooMuchToSearchForError
    return frozenset(values)


def _stated(texts: Iterable[bytes], forbidden: Iterable[str]) -> Iterator[bytes]:
    for text in texts:
        for field in _FIELD_ENDS.split(text):
            key, _, value = field.partition(b"=")
            yield from (key, value)  # a patient may stand before the sign, too
    for text_value in forbidden:
        yield text_value.encode()


def _parts(value: bytes) -> set[bytes]:
    whole = value.strip()
    parts = {whole, *_COARSE.split(whole), *_FINE.split(whole)}
    parts |= {_unwrapped(part) for part in parts}
    parts.update(_as_people_write(whole))
    return {part for part in parts if len(part) >= MIN_BYTES}


def _as_people_write(value: bytes) -> Iterator[bytes]:
    for person in _PEOPLE.split(value):
        family, *more = (part.strip() for part in person.split(b"^", 2)[:2])
        for given in more:
            yield from (given + b" " + family, family + b" " + given, family + b", " + given)
    for year, _, month, day in _DAY.findall(value):
        with suppress(ValueError):  # eight digits that are no day
            said = date(int(year), int(month), int(day))
            yield from (said.strftime(spelling).encode() for spelling in _SPELLINGS)


def _unwrapped(value: bytes) -> bytes:
    """What a value says in base64, as Leica and Philips write a slide's barcode; nothing where it is none."""
    if len(value) < MIN_BYTES or len(value) % 4 or not _BASE64.fullmatch(value):
        return b""
    plain = base64.b64decode(value).strip(b"\0 ")
    with suppress(UnicodeDecodeError):
        return plain if plain.decode().isprintable() else b""
    return b""


def needles(values: Iterable[bytes], allowed: bytes) -> list[Needle]:
    """The searches that find any of `values` in any disguise.

    `allowed` is text that the result contains by right (fixed words, allowlisted numbers): what is part of
    it says nothing about the source, and is left out.
    """
    permitted = allowed.lower()
    wanted = {value for value in values if value.lower() not in permitted}
    result: list[Needle] = []
    for value in sorted({form for whole in wanted for form in _foreign_forms(whole)}):
        for plain in _encodings(value):
            result += _plain(plain)
            result += _plain(plain[::-1]) if plain[::-1].lower() not in permitted else []
            result.append(Needle(plain.hex().encode(), ignore_case=True))
        result += _utf16(value)
        result += _base64(value)
    # Two letters of Chinese are six bytes in UTF-8, but only four in UTF-16: too few to search for.
    return [needle for needle in result if len(needle.data) >= MIN_BYTES]


def _foreign_forms(value: bytes) -> set[bytes]:
    """A search ignores the case of ASCII letters; Ü, ü, and U with a mark are different bytes to it."""
    if value.isascii():
        return {value}
    text = _decoded(value)
    composed = {form for kind in ("NFC", "NFD") for form in {text, unicodedata.normalize(kind, text)}}
    return {value} | {case.encode() for form in composed for case in (form, form.upper(), form.lower())}


def _encodings(value: bytes) -> set[bytes]:
    text = _decoded(value)
    variants = {value, text.encode()}
    with suppress(UnicodeEncodeError):
        variants.add(text.encode("latin-1"))
    return {variant for variant in variants if len(variant) >= MIN_BYTES}


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _plain(value: bytes) -> list[Needle]:
    if len(value) >= _SAFE_IN_ANY_CASE_BYTES:
        return [Needle(value, ignore_case=True)]
    return [Needle(case) for case in {value, value.upper(), value.lower(), value.capitalize()}]


def _utf16(value: bytes) -> list[Needle]:
    # Without its first byte the big-endian form of Latin text is the little-endian one without its last.
    encoded = _decoded(value).encode("utf-16-be", "surrogatepass")
    swapped = _decoded(value).encode("utf-16-le", "surrogatepass")
    if encoded[1:] == swapped[:-1]:
        return [Needle(encoded[1:], ignore_case=True)]
    return [Needle(encoded, ignore_case=True), Needle(swapped, ignore_case=True)]


def _base64(value: bytes) -> list[Needle]:
    """The three ways base64 can cut the value; characters that also depend on its neighbours are left out."""
    result = []
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + value)
        first = -(-shift * 8 // 6)
        last = (shift + len(value)) * 8 // 6
        if last - first >= MIN_BYTES:
            result.append(Needle(encoded[first:last]))
    return result
