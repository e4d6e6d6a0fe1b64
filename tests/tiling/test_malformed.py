"""Hostile files through the process that converts: a sentence, in time, within memory, and nothing left."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from server.ingest.plan import Converted, Refused
from tests.tiling.hostile import Bench, bench, mutations
from tests.tiling.openslide_files import write_czi, write_leica, write_philips, write_trestle
from tests.tiling.svs_files import Recipe, write_svs

PEAK_BYTES = 1 << 30


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("hostile")) as worker:
        yield worker


def kind_of(worker: Bench, data: bytes) -> str:
    result = worker.convert(data)
    assert result.complaint() == ""
    assert result.peak_bytes < PEAK_BYTES
    assert isinstance(result.outcome, Refused)
    return result.outcome.kind


def test_every_malformed_file_that_was_collected_is_refused_in_a_sentence(
    worker: Bench, shared_data: Path
) -> None:
    paths = sorted((shared_data / "malformed").iterdir())
    assert len(paths) > 30
    wrong = []
    for path in paths:
        result = worker.convert(path.read_bytes())
        if isinstance(result.outcome, Converted) and result.outcome.kind == "video":
            # What is good of a clip is shown, what is missing is said: tests/video/test_malformed.py.
            assert result.outcome.report["losses"], path.name
            continue
        if result.complaint() or isinstance(result.outcome, Converted) or result.peak_bytes > PEAK_BYTES:
            wrong.append((path.name, result.complaint(), result.outcome))
    assert wrong == []


@pytest.mark.parametrize("data", [b"", b"\0", b"II*\0", b"MM\0+", b"PK\3\4", b"ZISRAWFILE", b"\xff\xd8\xff"])
def test_a_few_bytes_are_no_slide(worker: Bench, data: bytes) -> None:
    assert kind_of(worker, data) in {"not-a-slide", "corrupt-slide", "unsupported-slide"}


def test_directories_in_a_circle_are_seen(worker: Bench) -> None:
    width = struct.pack("<HHII", 256, 4, 1, 64)
    circle = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1) + width + struct.pack("<I", 8)
    assert kind_of(worker, circle) == "corrupt-slide"


def test_a_directory_of_giants_asks_for_no_memory(worker: Bench) -> None:
    entries = [(256, 4, 1, 2**31 - 1), (257, 4, 1, 2**31 - 1), (322, 3, 1, 16), (323, 3, 1, 16)]
    entries += [(324, 4, 2**32 - 1, 8), (325, 4, 2**32 - 1, 8)]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *one) for one in entries)
    assert kind_of(worker, b"II*\0" + struct.pack("<I", 8) + directory + bytes(4)) in {
        "corrupt-slide",
        "slide-too-large",
    }


def test_an_archive_that_grows_without_end_is_refused(worker: Bench) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(50):
            archive.writestr(f"{number}.dcm", bytes(132 - 4) + b"DICM" + bytes(4 << 20))
    assert kind_of(worker, packed.getvalue()) != "conversion-failed"


def test_an_archive_of_more_files_than_may_be_open_at_once_is_judged_by_its_content(worker: Bench) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(2_500):
            archive.writestr(f"{number}.txt", b"no slide " * 20)
    assert kind_of(worker, packed.getvalue()) in {"not-a-slide", "unsupported-slide"}


@pytest.mark.parametrize("name", ["../../evil.dcm", "/etc/evil.dcm", "a\\..\\..\\evil.dcm", "\0.dcm"])
def test_an_archive_whose_names_lead_elsewhere_writes_nothing_there(
    worker: Bench, name: str, tmp_path: Path
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), bytes(128) + b"DICM" + bytes(100))
    kind_of(worker, packed.getvalue())
    assert not list(tmp_path.rglob("evil*")) and not Path("/etc/evil.dcm").exists()


def test_words_nested_beyond_all_measure_are_refused(worker: Bench, tmp_path: Path) -> None:
    write_leica(tmp_path / "slide")
    data = (tmp_path / "slide").read_bytes()
    nested = b'<scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01">' + b"<a>" * 400
    start = data.index(b"<?xml")
    end = data.index(b"</scn>") + 6
    spoiled = data[:start] + nested.ljust(end - start)[: end - start] + data[end:]
    assert kind_of(worker, spoiled) in {"corrupt-slide", "unsupported-slide"}


def test_words_that_multiply_themselves_are_refused(worker: Bench, tmp_path: Path) -> None:
    """Ten entities of ten entities each, nine deep: a billion words of three."""
    write_philips(tmp_path / "slide")
    data = (tmp_path / "slide").read_bytes()
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    laughs = f'<?xml version="1.0"?><!DOCTYPE z [<!ENTITY l0 "lol">{entities}]>'
    body = '<DataObject ObjectType="DPUfsImport"><Attribute Name="A">&l9;</Attribute></DataObject>'
    start, end = data.index(b"<?xml"), data.rindex(b"</DataObject>") + 13
    spoiled = data[:start] + (laughs + body).encode().ljust(end - start) + data[end:]
    assert kind_of(worker, spoiled) in {"corrupt-slide", "unsupported-slide", "too-demanding"}


def test_a_decoder_that_breaks_takes_only_its_own_process_along(worker: Bench, tmp_path: Path) -> None:
    """A subblock of stored width 0, by which OpenSlide 4.0 divides."""
    write_czi(tmp_path / "slide")
    data = bytearray((tmp_path / "slide").read_bytes())
    directory = data.index(b"ZISRAWDIRECTORY")
    stored = data.index(b"X\0\0\0", directory) + 16
    data[stored : stored + 4] = bytes(4)
    broken = worker.convert(bytes(data))
    assert not broken.is_late and not isinstance(broken.outcome, Converted)
    assert list(broken.folder.iterdir()) == []
    assert kind_of(worker, b"still there?") == "not-a-slide"


@pytest.mark.parametrize(
    "write",
    [lambda path: write_svs(path, Recipe()), write_trestle, write_leica, write_czi],
    ids=["svs", "trestle", "leica", "zeiss"],
)
def test_spoiled_files_are_refused_or_converted_never_anything_else(
    worker: Bench, write: object, tmp_path: Path
) -> None:
    assert callable(write)
    write(tmp_path / "slide")
    data = (tmp_path / "slide").read_bytes()
    cases = enumerate(mutations(data, Random(zlib.crc32(data[:64])), 12))  # noqa: S311 - to be repeatable
    assert worker.complaints((f"number {number}", spoiled) for number, spoiled in cases) == []
