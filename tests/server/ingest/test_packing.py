"""Several files on their way in as one."""

import io
import zipfile
from pathlib import Path

import pytest

from server.deid.errors import SourceChangedError
from server.errors import InvalidInputError
from server.ingest.gathering import Pack, gather
from server.ingest.packing import Member, StoredZip
from tests.tiling.dicom_files import ROOT, Recipe, write_set
from tests.tiling.svs_files import Recipe as SvsRecipe
from tests.tiling.svs_files import write_svs


def written(folder: Path, names_and_bytes: dict[str, bytes]) -> Path:
    for name, data in names_and_bytes.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def dicom_folder(folder: Path, recipe: Recipe | None = None) -> Path:
    files = write_set(recipe or Recipe())
    return written(folder, {f"1.2.840.{number}.99": data for number, data in enumerate(files)})


def test_a_pack_is_a_plain_zip_of_the_size_that_was_announced(tmp_path: Path) -> None:
    written(tmp_path, {"a": b"first" * 100_000, "b": b""})
    archive = StoredZip(
        [Member("1.dcm", tmp_path / "a"), Member("deeper/2.dcm", tmp_path / "b"), Member("t", text=b"x")]
    )
    data = b"".join(archive.pieces())
    assert len(data) == archive.size_bytes
    with zipfile.ZipFile(io.BytesIO(data)) as read:
        assert read.testzip() is None
        assert {name: read.read(name) for name in read.namelist()} == {
            "1.dcm": b"first" * 100_000,
            "deeper/2.dcm": b"",
            "t": b"x",
        }


def test_a_file_that_changes_its_size_meanwhile_ends_the_pack(tmp_path: Path) -> None:
    written(tmp_path, {"a": b"first"})
    archive = StoredZip([Member("1", tmp_path / "a")])
    (tmp_path / "a").write_bytes(b"longer than first")
    with pytest.raises(SourceChangedError):
        b"".join(archive.pieces())


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError):
        StoredZip([Member("1", tmp_path)])


def test_dicom_files_of_one_series_are_one_slide_under_neutral_names(tmp_path: Path) -> None:
    gathered = gather(dicom_folder(tmp_path / "Doe Jane"))
    (pack,) = gathered.slides
    assert isinstance(pack, Pack)
    assert (pack.stem, pack.suffix, gathered.skipped) == ("Doe Jane", ".dcm", 0)
    assert [member.name for member in pack.members] == ["1.dcm", "2.dcm", "3.dcm", "4.dcm", "names.txt"]
    assert b"1.2.840.3" in pack.members[-1].text


def test_each_series_is_a_slide_of_its_own(tmp_path: Path) -> None:
    dicom_folder(tmp_path / "one")
    other = write_set(Recipe(series=ROOT + "55"))
    written(tmp_path / "one", {f"other{number}.dcm": data for number, data in enumerate(other)})
    assert [len(slide.members) for slide in gather(tmp_path).slides if isinstance(slide, Pack)] == [5, 5]


def test_slides_of_every_kind_are_found_and_the_rest_is_counted(tmp_path: Path) -> None:
    dicom_folder(tmp_path / "b")
    write_svs(tmp_path / "c.svs", SvsRecipe())
    written(tmp_path, {"a.mrxs": b"1", "a/Slidedat.ini": b"2", "a/Data0000.dat": b"3", "readme.txt": b"4"})
    gathered = gather(tmp_path)
    assert [slide.suffix for slide in gathered.slides] == [".mrxs", ".dcm", ".svs"]
    assert gathered.skipped == 1


def test_an_mrxs_file_takes_its_folder_along(tmp_path: Path) -> None:
    written(tmp_path, {"Doe.mrxs": b"1", "Doe/Slidedat.ini": b"2", "Doe/Index.dat": b"3"})
    (pack,) = gather(tmp_path / "Doe.mrxs").slides
    assert isinstance(pack, Pack)
    assert (pack.stem, pack.suffix) == ("Doe", ".mrxs")
    assert [member.name for member in pack.members] == ["slide.mrxs", "slide/Index.dat", "slide/Slidedat.ini"]


def test_a_damaged_dicom_file_comes_along_and_is_judged_later(tmp_path: Path) -> None:
    written(tmp_path, {"a.dcm": bytes(128) + b"DICM"})
    assert gather(tmp_path).slides == (tmp_path / "a.dcm",)


def test_loops_of_one_series_stay_alone_each_is_complete(tmp_path: Path) -> None:
    loop = bytes(128) + b"DICM" + b"1.2.840.10008.5.1.4.1.1.3.1"
    written(tmp_path, {"IM1": loop, "IM2": loop})
    assert gather(tmp_path).slides == (tmp_path / "IM1", tmp_path / "IM2")
