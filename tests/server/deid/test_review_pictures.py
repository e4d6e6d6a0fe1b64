"""Pictures of the source for the reviewer: back as they were, unreadable to others, bound to their place."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.deid import Quarantine, QuarantineError, SealBrokenError, SealedMissingError
from server.deid import review_pictures as review

KEY = bytes(range(32))
JPEG = b"\xff\xd8DOE^JANE in the picture\xff\xd9"
NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=review.NAME_LENGTH)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a1.review"


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(NAMES, st.binary(max_size=2000), st.integers(), st.text(max_size=20)),
        max_size=8,
        unique_by=lambda picture: picture[0],
    )
)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, pictures: list) -> None:
    path = tmp_path_factory.getbasetemp() / "written.review"
    given_pictures = [
        ({"name": name, "frame": frame, "said": said}, jpeg) for name, jpeg, frame, said in pictures
    ]
    review.write_review(path, KEY, given_pictures)
    assert review.list_review(path, KEY) == tuple(meta for meta, _ in given_pictures)
    for meta, jpeg in given_pictures:
        assert review.read_review(path, KEY, meta["name"]) == (meta, jpeg)


def test_nothing_readable_is_on_the_disk(path: Path) -> None:
    review.write_review(path, KEY, [({"name": "median", "note": "DOE^JANE"}, JPEG)])
    assert b"DOE" not in path.read_bytes()
    assert b"median" not in path.read_bytes()
    assert [left.name for left in path.parent.iterdir()] == ["a1.review"]


@settings(max_examples=120, deadline=None)
@given(where=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_bit_can_change_unnoticed(tmp_path_factory: pytest.TempPathFactory, where: int, bit: int) -> None:
    path = tmp_path_factory.getbasetemp() / "spoiled.review"
    review.write_review(path, KEY, [({"name": "median"}, JPEG), ({"name": "frame-3"}, JPEG * 3)])
    data = bytearray(path.read_bytes())
    data[where % len(data)] ^= 1 << bit
    path.write_bytes(data)
    with pytest.raises(SealBrokenError):
        for name in ("median", "frame-3"):
            review.read_review(path, KEY, name)


@pytest.mark.parametrize("kept", [0, 5, 13, 14, 60, -1])
def test_a_file_cut_short_is_broken(path: Path, kept: int) -> None:
    review.write_review(path, KEY, [({"name": "median"}, JPEG)])
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(SealBrokenError):
        review.list_review(path, KEY)


def test_bytes_added_at_the_end_are_noticed(path: Path) -> None:
    review.write_review(path, KEY, [({"name": "median"}, JPEG)])
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(SealBrokenError):
        review.read_review(path, KEY, "median")


def test_two_pictures_in_each_others_place_do_not_open(path: Path) -> None:
    review.write_review(path, KEY, [({"name": "one"}, JPEG), ({"name": "two"}, JPEG[::-1])])
    data, size = path.read_bytes(), len(JPEG) + 28
    path.write_bytes(data[: -2 * size] + data[-size:] + data[-2 * size : -size])
    for name in ("one", "two"):
        with pytest.raises(SealBrokenError):
            review.read_review(path, KEY, name)


def test_under_another_assets_name_or_key_nothing_opens(path: Path) -> None:
    review.write_review(path, KEY, [({"name": "one"}, JPEG)])
    with pytest.raises(SealBrokenError):
        review.list_review(path, os.urandom(32))
    other = path.rename(path.with_name("b2.review"))
    with pytest.raises(SealBrokenError):
        review.list_review(other, KEY)
    assert review.read_review(other, KEY, "one", asset="a1")[1] == JPEG


def test_where_there_are_none_it_is_said(path: Path) -> None:
    with pytest.raises(SealedMissingError):
        review.list_review(path, KEY)
    review.write_review(path, KEY, [])
    assert review.list_review(path, KEY) == ()
    with pytest.raises(SealedMissingError):
        review.read_review(path, KEY, "median")


@pytest.mark.parametrize(
    "pictures",
    [
        [({"name": "one"}, JPEG), ({"name": "one"}, JPEG)],
        [({"name": "../one"}, JPEG)],
        [({"name": "Doe"}, JPEG)],
        [({"name": ""}, JPEG)],
        [({"name": "a" * 65}, JPEG)],
        [({}, JPEG)],
        [({"name": f"frame-{number}"}, b"") for number in range(review.MOST_PICTURES + 1)],
        [({"name": "one"}, bytes(review.MOST_PICTURE_BYTES + 1))],
        [({"name": "one", "said": "x" * review.MOST_LIST_BYTES}, b"")],
    ],
    ids=["twice", "a path", "capitals", "empty", "long", "none", "too many", "too large", "too much said"],
)
def test_what_cannot_be_kept_is_refused_and_leaves_nothing(path: Path, pictures: list) -> None:
    with pytest.raises(QuarantineError):
        review.write_review(path, KEY, pictures)
    assert list(path.parent.iterdir()) == []


def test_they_die_with_the_original(tmp_path: Path) -> None:
    quarantine = Quarantine.open(tmp_path / "q", tmp_path / "master.key", os.urandom)
    with quarantine.create("a1", 3, {}, case_id="c1") as writer:
        writer.write(b"abc")
        writer.finish()
    path = review.review_path(quarantine.path("a1"))
    review.write_review(path, quarantine.describe("a1")[0].data_key, [({"name": "one"}, JPEG)])
    quarantine.destroy("a1")
    assert [left.name for left in quarantine.root.iterdir()] == ["cases"]
