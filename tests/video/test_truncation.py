"""Good clips cut short anywhere: refused in a sentence, or a true beginning with its loss stated."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.video.clips import NAMES, make
from tests.video.hostile import Bench, Outcome, bench

REAL = (
    "ultrasound/Cov_convex_volpecelli_sonographic_v3.mov",
    "ultrasound/Pneu-Atlas-pneumonia.gif",
    "ultrasound/Pneu_Avi_Video_002.mp4",
    "ultrasound/Pneu_northumbria_0409_set1_vid1.avi",
    "ultrasound/Reg_pat1Image_133232.mpeg",
    "ultrasound/Vir_prospective_file1.mp4",
    "surgical/endo.mp4",
)
THOROUGH = ("fast_start", "mpeg2_program_stream", "mpeg4_with_b_frames", "fragmented", "matroska", "gif")
# Bare streams do not say where their last picture ends: they remark it, and are looked at below.
TELLING = tuple(name for name in NAMES if not name.startswith("bare_"))


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("truncated")) as worker:
        yield worker


def _complaints(worker: Bench, data: bytes, whole: tuple[str, ...], places: list[int]) -> list[str]:
    found = []
    for place in places:
        outcome = worker.look(data[:place])
        wrong = outcome.complaint()
        if not wrong and outcome.kind == "frames":
            if outcome.digests != whole[: len(outcome.digests)]:
                wrong = "it is no beginning of the whole"
            elif len(outcome.digests) < len(whole) and not _is_told(data[:place], outcome):
                wrong = "frames are missing and nothing says so"
        if wrong:
            found.append(f"cut at {place}: {wrong}")
    return found


def _is_told(data: bytes, outcome: Outcome) -> bool:
    # A transport stream of whole packets may be as long as it likes: a recorder may stop at any of them.
    is_whole_packets = data[:1] == b"\x47" and len(data) % 188 == 0
    return is_whole_packets or any("cut short" in loss for loss in outcome.losses)


def _places(name: str, data: bytes, count: int) -> list[int]:
    random = Random(name)  # noqa: S311 - to be repeatable
    return [random.randrange(1, len(data)) for _ in range(count)]


@pytest.mark.parametrize("name", ["fast_start", "mpeg2_program_stream", "gif"])
def test_a_few_cuts_leave_a_true_beginning(worker: Bench, name: str) -> None:
    data = make(name).data
    whole = worker.look(data)
    assert whole.losses == ()
    assert _complaints(worker, data, whole.digests, _places(name, data, 8)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", TELLING)
def test_wherever_a_generated_clip_is_cut_it_is_refused_or_a_true_beginning(worker: Bench, name: str) -> None:
    data = make(name).data
    whole = worker.look(data)
    assert list(whole.codes) == list(make(name).codes)
    count = 200 if name in THOROUGH else 30
    assert _complaints(worker, data, whole.digests, _places(name, data, count)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
def test_wherever_a_real_clip_is_cut_it_is_refused_or_a_true_beginning(
    worker: Bench, shared_data: Path, name: str
) -> None:
    data = (shared_data / name).read_bytes()
    whole = worker.look(data)
    count = 20 if name.startswith("surgical") else 60
    assert _complaints(worker, data, whole.digests, _places(name, data, count)) == []


def test_a_cut_says_how_much_there_is_of_how_much(worker: Bench) -> None:
    data = make("fast_start").data
    outcome = worker.look(data[: len(data) * 2 // 3])
    count = len(outcome.digests)
    assert 20 < count < 60
    assert outcome.losses == (f"The file is cut short: {count} of 60 frames are there.",)


def test_a_movie_whose_table_is_gone_is_refused(worker: Bench) -> None:
    data = make("b_frames").data
    outcome = worker.look(data[: data.index(b"moov") - 4])
    assert outcome.kind == "CorruptVideoError"
    assert "the box that says where its frames lie is gone" in outcome.message


def test_a_bare_stream_that_is_cut_shows_no_later_picture_early(worker: Bench) -> None:
    data = make("bare_h264").data
    whole = worker.look(data).digests
    for place in _places("bare", data, 12):
        digests = worker.look(data[:place]).digests
        # Its last picture may be incomplete; everything before it is right.
        assert digests[:-1] == whole[: max(0, len(digests) - 1)]
