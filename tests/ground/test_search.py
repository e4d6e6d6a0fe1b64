"""The search finds what is there, in any disguise, wherever a block ends."""

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ground.search
from ground.removed import MOST_VALUES, TooMuchToSearchForError, needles, removed_values
from ground.search import MIN_BYTES, MultiSearch, Needle

ALPHABET = st.sampled_from(b"abAB01\0")
texts = st.lists(ALPHABET, min_size=MIN_BYTES, max_size=9).map(bytes)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(texts, st.booleans()), min_size=1, max_size=40),
    st.lists(ALPHABET, max_size=300).map(bytes),
)
def test_it_agrees_with_looking_for_each_string_in_turn(
    wanted: list[tuple[bytes, bool]], data: bytes
) -> None:
    search = MultiSearch(Needle(text, ignore_case) for text, ignore_case in wanted)
    tables = MultiSearch(Needle(text, ignore_case) for text, ignore_case in wanted)
    assert tables.count(bytes(2**16)) == 0
    expected = sum(
        any(
            data.startswith(text, place)
            or (ignore_case and data[place : place + len(text)].lower() == text.lower())
            for text, ignore_case in wanted
        )
        for place in range(len(data))
    )
    assert search.count(data) == expected, "looked for one by one"
    assert tables.count(data) == expected, "looked for by tables"


@pytest.mark.parametrize("place", [0, 2**20 - 9, 2**20 - 4, 2**20, 2**20 + 5, 3 * 2**20 - 8])
def test_a_string_on_the_border_of_a_block_is_found_once(place: int) -> None:
    data = bytearray(3 * 2**20)
    data[place : place + 8] = b"DOE^JANE"
    assert MultiSearch([Needle(b"DOE^JANE"), Needle(b"JANE^DOE")]).count(bytes(data)) == 1


@pytest.mark.parametrize("ignore_case", [False, True])
def test_a_very_long_string_is_found_as_a_whole_and_only_then(ignore_case: bool) -> None:
    text = b"Findings, " * 900
    search = MultiSearch([Needle(text, ignore_case)])
    assert search.count(b"--" + (text.upper() if ignore_case else text) + b"--") == 1
    assert search.count(b"--" + text[:-1] + b"--") == 0


@pytest.mark.parametrize("ignore_case", [False, True])
def test_strings_that_begin_alike_are_told_apart(ignore_case: bool) -> None:
    begin = b"1.2.840.113619.2"
    search = MultiSearch(Needle(begin + end, ignore_case) for end in (b".15", b".17.3", b".17.4"))
    assert search.count(bytes(2**16) + begin + b".16") == 0
    assert search.count(bytes(2**16) + begin + b".17.4" + begin + b".15" + begin) == 2


def test_several_threads_search_at_once() -> None:
    search = MultiSearch([Needle(b"DOE^JANE", ignore_case=True)])
    blocks = [bytes(number) + b"doe^jane" * number for number in range(40)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(search.count, blocks)) == list(range(40))


def test_strings_too_short_to_mean_anything_are_refused() -> None:
    with pytest.raises(ValueError, match="6"):
        MultiSearch([Needle(b"short")])


def test_nothing_to_look_for_finds_nothing() -> None:
    search = MultiSearch([])
    assert search.needle_count == 0
    assert search.count(b"anything at all") == 0


DESCRIPTION = (
    b"Aperio Image Library v12\r\n100x100|AppMag = 40|Filename = S26-00123_DOE_JANE|MPP = 0.2520|"
    b"Title = S26-00123 DOE^JANE MRN 00991234|Date = 01/02/26|Note = ok\0"
)


def test_values_are_taken_whole_and_in_parts() -> None:
    values = removed_values([DESCRIPTION, b"Dr A. Example\0"], ["slide of Smithers.svs"])
    assert {
        b"S26-00123_DOE_JANE",
        b"S26-00123",
        b"DOE^JANE",
        b"00991234",
        b"01/02/26",
        b"Dr A. Example",
        b"Smithers.svs",
    } <= values
    assert b"ok" not in values  # too short to be told from chance


def test_a_barcode_in_base64_is_looked_for_as_what_it_says() -> None:
    wrapped = base64.b64encode(b"S26-00123 77120934")
    values = removed_values([b"barcode=" + wrapped, b"Description"], [])
    assert {wrapped, b"S26-00123 77120934"} <= values
    assert {value for value in values if value.startswith(b"\x0e")} == set()


def test_what_the_result_says_by_right_is_not_looked_for() -> None:
    kept = needles({b"0.2520", b"objective", b"DOE^JANE"}, b"mpp = 0.2520\nObjective power")
    assert {needle.data.replace(b"\0", b"") for needle in kept if b"^" in needle.data} == {
        b"DOE^JANE",
        b"ENAJ^EOD",
    }
    assert not any(b"0.2520" in needle.data for needle in kept)


@pytest.mark.parametrize("value", ["DOE^JANE", "MÜLLER-LÜDENSCHEIDT", "00991234", "Smithe", "山田太郎様"])
@pytest.mark.parametrize("padding", [b"", b"x", b"xy"])
def test_every_disguise_is_found(value: str, padding: bytes) -> None:
    search = MultiSearch(needles(removed_values([], [value]), b""))
    forms = [value.encode(), value.encode("utf-16-le"), value.encode("utf-16-be")]
    if value.isascii():
        forms += [value.lower().encode(), value.upper().encode(), value.lower().encode("utf-16-le")]
    forms.append(base64.b64encode(padding + value.encode() + b" and more"))
    forms += [value.encode().hex().encode(), value.encode().hex().upper().encode(), value.encode()[::-1]]
    for form in forms:
        assert search.count(b"\x01\x02" + padding + form + b"\x03" * 10) >= 1, form
    assert search.count(bytes(range(256)) * 40) == 0


def test_two_chinese_characters_are_searched_for_where_they_are_long_enough() -> None:
    name = "王伟"
    search = MultiSearch(needles({name.encode()}, b""))
    assert search.count(b"..." + name.encode() + b"...") == 1
    assert search.count(b"nothing of the kind") == 0


@pytest.mark.parametrize("said", ["müller-lüdenscheidt", "MÜLLER-LÜDENSCHEIDT", "Müller-Lüdenscheidt"])
@pytest.mark.parametrize("coding", ["utf-8", "latin-1", "utf-16-le"])
def test_the_case_of_letters_beyond_ascii_hides_nothing(said: str, coding: str) -> None:
    values = removed_values(["Müller-Lüdenscheidt".encode()], [])
    search = MultiSearch(needles(values, b""))
    assert search.count(b"\0" * 40 + said.encode(coding) + b"\0" * 40) > 0


def many(count: int) -> list[bytes]:
    return [f"Patient number {number:08} was here".encode() for number in range(count)]


@pytest.mark.slow
def test_of_ten_thousand_values_the_last_one_is_found_too() -> None:
    texts = many(10_000)
    search = MultiSearch(needles(removed_values(texts, []), b""))
    assert search.needle_count > 2 * ground.search._PER_DATABASE, "several tables"
    for text in (texts[0], texts[4_999], texts[-1], b"00009999"):
        assert search.count(b"..." + text + bytes(50)) >= 1, "one by one"
        assert search.count(bytes(2**16) + text + bytes(50)) >= 1, "by tables"
    assert search.count(b"00077777" + bytes(2**16)) == 0


def test_a_file_that_says_more_than_can_be_searched_for_is_refused_not_searched_in_part() -> None:
    with pytest.raises(TooMuchToSearchForError, match="more texts"):
        removed_values(many(MOST_VALUES), [])
    with pytest.raises(TooMuchToSearchForError):
        removed_values([b"%d" % number + bytes(b"x" * 2**20) for number in range(10)], [])


@pytest.mark.parametrize("written", ["Jane van Doebury", "VAN DOEBURY, JANE", "van doebury jane"])
def test_a_persons_name_is_looked_for_as_people_write_it(written: str) -> None:
    search = MultiSearch(needles(removed_values([b"van Doebury^Jane^^Dr"], []), b""))
    assert search.count(b"--" + written.encode() + b"--") >= 1


@pytest.mark.parametrize("said", ["19430719", "1943-07-19", "1943:07:19 10:20:30", "1943-07-19T10:20:30Z"])
@pytest.mark.parametrize("written", ["19430719", "1943-07-19", "19.07.1943", "07/19/1943", "19/07/1943"])
def test_a_day_is_looked_for_in_its_usual_spellings(said: str, written: str) -> None:
    search = MultiSearch(needles(removed_values([said.encode()], []), b""))
    assert search.count(b"--" + written.encode() + b"--") >= 1


def test_eight_digits_that_are_no_day_are_a_number() -> None:
    assert removed_values([b"19431399"], []) == {b"19431399"}


@pytest.mark.parametrize("said", ["Müller-Lüdenscheidt", "Mu\u0308ller-Lu\u0308denscheidt"])
@pytest.mark.parametrize("written", ["MÜLLER-LÜDENSCHEIDT", "mu\u0308ller-lu\u0308denscheidt"])
def test_marks_hide_nothing_however_they_are_composed(said: str, written: str) -> None:
    search = MultiSearch(needles(removed_values([said.encode()], []), b""))
    assert search.count(b"--" + written.encode() + b"--") >= 1


def test_what_stands_before_a_sign_of_equality_is_looked_for_too() -> None:
    assert {b"Doebury", b"patient"} <= removed_values([b"Doebury = patient"], [])
