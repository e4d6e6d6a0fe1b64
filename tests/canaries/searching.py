"""Invented identifiers, and a search for them in bytes, whatever they are dressed as.

Every planted text begins with the stem, behind which stands the place it was planted in: to look for the stem
is to look for all of them, cut off or not. What must be digits (dates, numbers) is a canary of its own. The
search shares nothing with the one that the product proves its results with.
"""

import base64
import hashlib
import os
import re
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

STEM = "Wqzyvoxk"
"""In no language, and nothing that compressed pixels are likely to spell."""
NUMBER = "7712093481"
BIRTH = "19430719"
BIRTH_DASHED = "1943-07-19"
UID_TAIL = "7733991155224466"
NUMBERS = (NUMBER, BIRTH, BIRTH_DASHED, UID_TAIL)
DAYS = ("19.07.1943", "07/19/1943", "19/07/1943", "1943:07:19", "1943/07/19", "19 Jul 1943", "July 19, 1943")
"""What nobody planted, but a program may have made of the day of birth."""
ALL = (STEM, *NUMBERS, *DAYS)
KANJI = "鰻鯖鰹鱈"
MARKED = "Wqzÿvöxkéñ"
"""With letters that are coded in many ways, and composed in two."""
_CODINGS = ("shift_jis", "euc_jp", "gb18030", "iso2022_jp", "latin-1", "utf-8", "utf-16-le", "utf-16-be")
_GAP = re.compile(rb"\xff[\xe0-\xef\xfe][\x00-\xff]{2}")
"""Where a JPEG segment ends and the next begins: marker and length."""


def named(place: str) -> str:
    """The canary of a place: the stem and the place's letters and digits."""
    return STEM + re.sub(r"[^0-9A-Za-z]", "", place)


def forms(text: str) -> dict[str, bytes]:
    """What a text looks like in each disguise. All but base64 are to be compared without regard to case."""
    plain = text.encode("ascii")
    found = {
        "plain": plain,
        "url": b"%" + plain.hex("%").upper().encode(),
        "utf-16-le": text.encode("utf-16-le"),
        "utf-16-be": text.encode("utf-16-be"),
        "hex": plain.hex().encode(),
        "reversed": plain[::-1],
    }
    for phase in range(3):
        # Of the first and the last character some bits belong to the neighbours.
        coded = base64.b64encode(bytes(phase) + plain)
        found[f"base64+{phase}"] = coded[-(-phase * 8 // 6) : (phase + len(plain)) * 8 // 6]
    return found


def foreign_forms() -> Iterator[tuple[str, str, bytes]]:
    """Texts of other scripts in each of their codings, however their marks are composed."""
    for text, codings in ((KANJI, _CODINGS), (MARKED, _CODINGS[-4:])):
        for kind in ("NFC", "NFD"):
            for coding in codings:
                coded = unicodedata.normalize(kind, text).encode(coding, "replace")
                if b"?" not in coded:
                    yield text, f"{coding}, {kind}", coded


def digests(text: bytes) -> Iterator[tuple[str, bytes]]:
    """The beginnings of what an unkeyed hash makes of it: whoever guesses the text can tell that it is it."""
    for kind in ("md5", "sha1", "sha256", "sha512", "blake2b"):
        digest = hashlib.new(kind, text).digest()
        yield kind, digest[:10]
        yield f"{kind}, hex", digest.hex()[:16].encode()
        yield f"{kind}, base64", base64.b64encode(digest)[:14]


def inflated(data: bytes) -> Iterator[bytes]:
    """What the streams of zlib and gzip within it say, a mebibyte of each at most."""
    for head in re.finditer(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08", data):
        try:
            said = zlib.decompressobj(47).decompress(data[head.start() :], 2**20)
        except zlib.error:
            continue
        if len(said) > 8:
            yield said


class Searcher:
    """Looks for texts in bytes, in all their forms, and over the gaps of JPEG segments.

    hashed: of what no unkeyed hash may be found either.
    """

    def __init__(self, texts: Sequence[str] = ALL, hashed: Sequence[bytes] = ()) -> None:
        self._folded: list[tuple[str, str, bytes]] = []
        self._exact: list[tuple[str, str, bytes]] = []
        for text in texts:
            for form, data in forms(text).items():
                if form.startswith("base64"):
                    self._exact.append((text, form, data))
                else:
                    self._folded.append((text, form, data.lower()))
        self._exact += foreign_forms()
        for number, text in enumerate((*(text.encode() for text in NUMBERS), *hashed)):
            self._exact += [(f"hash of secret {number}", kind, data) for kind, data in digests(text)]
        self._plain = [(text, text.lower().encode("ascii")) for text in texts]

    def find(self, data: bytes) -> list[tuple[str, str]]:
        """Which texts stand there, and in which form; in compressed streams too."""
        found = self._find(data)
        for said in inflated(data):
            found += [(text, f"inflated {form}") for text, form in self._find(said)]
        return found

    def _find(self, data: bytes) -> list[tuple[str, str]]:
        folded = data.lower()
        found = [(text, form) for text, form, wanted in self._exact if wanted in data]
        found += [(text, form) for text, form, wanted in self._folded if wanted in folded]
        joined = _GAP.sub(b"", folded)
        if len(joined) < len(folded):
            found += [(text, "split") for text, wanted in self._plain if wanted in joined]
        return found

    def places(self, folder: Path) -> Iterator[str]:
        """Each file under a folder in whose bytes or name a text stands, as a sentence."""
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            try:
                if path.is_symlink():
                    data = os.fsencode(path.readlink())  # what it leads to is nothing that lies here
                else:
                    data = path.read_bytes() if path.is_file() else b""
            except FileNotFoundError:
                continue  # a server is at work here
            for text, form in self.find(name.encode("utf-8", "surrogateescape") + b"\n" + data):
                yield f"{text} ({form}) in {name}"


def texts_in(data: bytes) -> set[str]:
    """Every whole planted text that stands in the plain (UTF-8), for a look at what a source has."""
    pattern = re.compile(STEM.encode() + rb"[0-9A-Za-z]*", re.IGNORECASE)
    return {match.group().decode() for match in pattern.finditer(data)}
