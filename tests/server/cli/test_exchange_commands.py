"""``slidereel export`` and ``slidereel import``."""

import io
import json
import sys
from pathlib import Path

import pytest

from server import audit
from server.cli import main
from server.db import Database
from tests.server.conftest import add_asset

RING = [[0.1, 0.2], [100.30000000000001, 0.2], [50.5, 80.7], [0.1, 0.2]]
FILE = json.dumps(
    {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": "11111111-2222-4333-8444-555555555555",
                "geometry": {"type": "Polygon", "coordinates": [RING]},
                "properties": {
                    "objectType": "annotation",
                    "classification": {"name": "Gland", "color": [9, 8, 7]},
                },
            }
        ],
    }
)


@pytest.fixture
def asset_id(database: Database) -> str:
    return add_asset(database)


@pytest.fixture
def slidereel(settings, capsys):
    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([*map(str, arguments), "--data", str(settings.data)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_what_is_imported_is_exported_to_the_last_digit(slidereel, asset_id, tmp_path):
    source, target = tmp_path / "in.geojson", tmp_path / "out.geojson"
    source.write_text(FILE)
    code, out, err = slidereel("import", asset_id, "--format", "qupath-geojson", source)
    assert (code, out) == (0, "")
    assert "1 annotations added" in err
    assert "1 classes added" in err
    code, _out, _err = slidereel("export", asset_id, "--format", "geojson", "--output", target)
    assert code == 0
    (kept,) = json.loads(target.read_text())["features"]
    assert kept["id"] == "11111111-2222-4333-8444-555555555555"
    assert kept["geometry"]["coordinates"] == [RING]
    assert kept["properties"]["classification"] == {"name": "Gland", "color": [9, 8, 7]}


def test_a_pipe_is_a_file_too(slidereel, asset_id, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FILE.encode())))
    assert slidereel("import", asset_id, "-")[0] == 0
    code, out, _err = slidereel("export", asset_id, "--output", "-")
    assert code == 0
    assert len(json.loads(out)["features"]) == 1


def test_the_audit_log_says_it_was_done_from_the_command_line(slidereel, asset_id, tmp_path, database):
    (tmp_path / "in.geojson").write_text(FILE)
    slidereel("import", asset_id, tmp_path / "in.geojson")
    slidereel("export", asset_id, "--output", "-")
    events = database.read_now(lambda c: audit.events(c, subject_id=asset_id))
    assert [(event.action, event.actor, event.origin) for event in events] == [
        ("annotation.export", "command line", "command line"),
        ("annotation.change", "command line", "command line"),
    ]


@pytest.mark.parametrize("name", ["none", "../a1", "", "a1\n"])
def test_an_asset_that_does_not_exist_is_a_sentence(slidereel, asset_id, name):
    code, out, err = slidereel("export", name, "--output", "-")
    assert (code, out) == (1, "")
    assert "no such asset" in err


def test_an_asset_that_is_not_released_is_neither_read_nor_written(slidereel, database, tmp_path):
    add_asset(database, "hidden", "awaiting_release")
    (tmp_path / "in.geojson").write_text(FILE)
    assert slidereel("export", "hidden", "--output", "-")[0] == 1
    assert slidereel("import", "hidden", tmp_path / "in.geojson")[0] == 1


def test_a_file_that_cannot_be_written_or_read_is_a_sentence(slidereel, asset_id, tmp_path):
    code, _out, err = slidereel("export", asset_id, "--output", tmp_path / "missing" / "out.geojson")
    assert code == 1
    assert "cannot be written" in err
    code, _out, err = slidereel("import", asset_id, tmp_path / "missing.geojson")
    assert code == 1
    assert "cannot be read" in err
    assert "missing.geojson" not in err
    (tmp_path / "bad.geojson").write_bytes(b"\0")
    assert slidereel("import", asset_id, tmp_path / "bad.geojson")[0] == 1


def test_a_file_that_was_there_is_replaced_whole_and_no_half_stays(slidereel, asset_id, tmp_path):
    target = tmp_path / "out.geojson"
    target.write_text("old")
    assert slidereel("export", asset_id, "--output", target)[0] == 0
    assert json.loads(target.read_text()) == {"type": "FeatureCollection", "features": []}
    assert [path.name for path in Path(tmp_path).glob("*.part")] == []


def test_a_format_that_is_not_known_is_wrong_usage(slidereel, asset_id):
    with pytest.raises(SystemExit) as ended:
        slidereel("export", asset_id, "--format", "docx", "--output", "-")
    assert ended.value.code == 2
