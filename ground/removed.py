"""Which strings the result must not contain: what the source said in words, in every disguise we know of.

A value is searched for as a whole and in its parts. Each is looked for in plain bytes, in UTF-8, Latin-1
and UTF-16, in base64 and in hexadecimal digits, backwards, and whatever the case of its letters. Nothing
shorter than six bytes is: such strings turn up in compressed image data by chance.
"""

import base64
import re
from collections.abc import Iterable
from contextlib import suppress

from ground.search import MIN_BYTES, Needle

# Six or seven letters of any case would be hit by chance once in a hundred large slides; these are searched
# for as written, in capitals, in small letters and capitalised.
_SAFE_IN_ANY_CASE_BYTES = 8
_MAX_TEXT_VALUES = 4_096
_FIELD_ENDS = re.compile(rb"[|\x00-\x1f\x7f]|;(?=Aperio)")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{6,4096}={0,2}")
_COARSE = re.compile(rb"[\s,;]+")
_FINE = re.compile(rb"[\s,;|=^_'\"()\[\]{}<>]+")


def removed_values(texts: Iterable[bytes], forbidden: Iterable[str]) -> frozenset[bytes]:
    """The values, and their parts, in `texts` (descriptions and tags as they stand) and `forbidden`."""
    values: set[bytes] = set()
    for text in texts:
        for field in _FIELD_ENDS.split(text):
            key, separator, value = field.partition(b"=")
            values |= _parts(value if separator else key)
    for text_value in forbidden:
        values |= _parts(text_value.encode())
    return frozenset(values)


def _parts(value: bytes) -> set[bytes]:
    whole = value.strip()
    parts = {whole, *_COARSE.split(whole), *_FINE.split(whole)}
    parts |= {_unwrapped(part) for part in parts}
    return {part for part in parts if len(part) >= MIN_BYTES}


def _unwrapped(value: bytes) -> bytes:
    """What a value says in base64, as Leica and Philips write a slide's barcode; nothing where it is none."""
    if len(value) < MIN_BYTES or len(value) % 4 or not _BASE64.fullmatch(value):
        return b""
    plain = base64.b64decode(value).strip(b"\0 ")
    return plain if plain.isascii() and plain.decode("ascii").isprintable() else b""


def needles(values: Iterable[bytes], allowed: bytes) -> list[Needle]:
    """The searches that find any of `values` in any disguise.

    `allowed` is text that the result contains by right (fixed words, allowlisted numbers): what is part of
    it says nothing about the source, and is left out.
    """
    permitted = allowed.lower()
    wanted = {value for value in values if value.lower() not in permitted}
    result: list[Needle] = []
    chosen = sorted(wanted)[:_MAX_TEXT_VALUES]
    for value in sorted({case for whole in chosen for case in _foreign_cases(whole)}):
        for plain in _encodings(value):
            result += _plain(plain)
            result += _plain(plain[::-1]) if plain[::-1].lower() not in permitted else []
            result.append(Needle(plain.hex().encode(), ignore_case=True))
        result += _utf16(value)
        result += _base64(value)
    # Two letters of Chinese are six bytes in UTF-8, but only four in UTF-16: too few to search for.
    return [needle for needle in result if len(needle.data) >= MIN_BYTES]


def _foreign_cases(value: bytes) -> set[bytes]:
    """A search ignores the case of ASCII letters; Ü and ü are different bytes to it."""
    if value.isascii():
        return {value}
    text = _decoded(value)
    return {value, text.upper().encode(), text.lower().encode()}


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
