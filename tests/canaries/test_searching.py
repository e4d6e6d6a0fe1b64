"""The search finds what is planted, in each disguise: otherwise all that it does not find proves nothing."""

import base64
import gzip
import hashlib
import unicodedata
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.canaries.searching import ALL, KANJI, MARKED, NUMBER, STEM, Searcher, forms, named

NOISE = bytes(range(256)) * 3
SEARCHER = Searcher()
DISGUISES = {
    "plain": lambda text: text.encode(),
    "capitals": lambda text: text.upper().encode(),
    "small letters": lambda text: text.lower().encode(),
    "UTF-16 LE": lambda text: text.encode("utf-16-le"),
    "UTF-16 BE": lambda text: text.encode("utf-16-be"),
    "UTF-16 capitals": lambda text: text.upper().encode("utf-16-le"),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64, one byte later": lambda text: base64.b64encode(b"<" + text.encode() + b">"),
    "base64, two bytes later": lambda text: base64.b64encode(b"<<" + text.encode() + b">>>"),
    "hex": lambda text: text.encode().hex().encode(),
    "hex in capitals": lambda text: text.encode().hex().upper().encode(),
    "reversed": lambda text: text[::-1].encode(),
    "in an address": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()).encode(),
    "deflated": lambda text: zlib.compress(b"Name: " + text.encode()),
    "deflated hex": lambda text: gzip.compress(b"Name: " + text.encode().hex().encode()),
    "split over two segments": lambda text: b"%b\xff\xfe\x00\x22%b" % (text[:3].encode(), text[3:].encode()),
    "a letter in each segment": lambda text: b"\xff\xe1\x00\x03".join(
        bytes((letter,)) for letter in text.encode()
    ),
}


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("text", [*ALL, named("PatientName")])
def test_every_disguise_is_seen_through(text: str, disguise: str) -> None:
    planted = NOISE + DISGUISES[disguise](text) + NOISE
    wanted = STEM if text.startswith(STEM) else text
    assert wanted in {found for found, _ in SEARCHER.find(planted)}


@pytest.mark.parametrize("coding", ["utf-8", "shift_jis", "euc_jp", "gb18030", "iso2022_jp", "utf-16-le"])
def test_another_script_is_read_in_its_codings(coding: str) -> None:
    assert KANJI in {found for found, _ in SEARCHER.find(NOISE + KANJI.encode(coding) + NOISE)}


@pytest.mark.parametrize("composition", ["NFC", "NFD"])
@pytest.mark.parametrize("coding", ["utf-8", "utf-16-be"])
def test_marks_are_read_however_they_are_composed(coding: str, composition: str) -> None:
    written = unicodedata.normalize(composition, MARKED).encode(coding)
    assert MARKED in {found for found, _ in SEARCHER.find(NOISE + written + NOISE)}


@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256", "sha512", "blake2b"])
@pytest.mark.parametrize("text", [NUMBER, "a name of its own"])
def test_an_unkeyed_hash_is_as_good_as_the_text(text: str, kind: str) -> None:
    digest = hashlib.new(kind, text.encode()).digest()
    searcher = Searcher(hashed=[b"a name of its own"])
    for written in (digest, digest[:16], digest.hex()[:20].encode(), base64.b64encode(digest)):
        assert searcher.find(NOISE + written + NOISE)


def test_where_nothing_is_planted_nothing_is_found() -> None:
    assert SEARCHER.find(NOISE * 100) == []
    assert SEARCHER.find(Path(__file__).read_bytes().replace(STEM.encode(), b"")) == []


@settings(max_examples=60, deadline=None)
@given(before=st.binary(max_size=40), after=st.binary(max_size=40))
def test_base64_is_found_wherever_it_begins(before: bytes, after: bytes) -> None:
    coded = base64.b64encode(before + STEM.encode() + after)
    assert STEM in {found for found, _ in SEARCHER.find(coded)}


def test_no_form_is_so_short_that_chance_would_write_it() -> None:
    assert min(len(data) for text in ALL for data in forms(text).values()) >= 8


def test_a_name_is_searched_as_well_as_what_lies_under_it(tmp_path: Path) -> None:
    (tmp_path / named("folder")).mkdir()
    (tmp_path / named("folder") / "file").write_bytes(b"x")
    (tmp_path / "plain").write_bytes(named("inside").encode("utf-16-le"))
    found = list(SEARCHER.places(tmp_path))
    assert len(found) >= 3
    assert any("plain" in place.split(" in ")[1] for place in found)
