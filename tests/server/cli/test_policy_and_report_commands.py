"""``slidereel policy`` and ``slidereel report``."""

import json

import pytest

from server.cli import main
from server.db.schema import asset
from tests.server.conftest import add_asset
from tests.server.deid.reports import loop_report

OURS = 'name = "ours"\nversion = "7"\n[profile.standard]\ndescription = "All of it."\n'


@pytest.fixture
def slidereel(settings, capsys):
    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([*map(str, arguments), "--data", str(settings.data)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def asset_id(database):
    """An asset with the report of its conversion."""
    asset_id, report = add_asset(database, "a1", "awaiting_release", "video"), loop_report()
    values = {"report": report, "canonical_sha256": report["canonical_sha256"], "frame_count": 30}
    database.write_now(lambda c: c.execute(asset.update().values(**values)))
    return asset_id


def test_the_policy_that_is_shown_can_be_saved_checked_and_is_then_in_force(slidereel, settings, tmp_path):
    settings.data.mkdir()
    code, shown, named = slidereel("policy", "show")
    assert code == 0
    assert "“slidereel”, version 1" in named
    (tmp_path / "copy.toml").write_text(shown.replace('name = "slidereel"', 'name = "ours"'))
    code, said, _err = slidereel("policy", "check", tmp_path / "copy.toml")
    assert code == 0
    assert "“ours”" in said
    (tmp_path / "copy.toml").replace(settings.data / "policy.toml")
    assert "“ours”" in slidereel("policy", "show")[2]
    assert "“slidereel”" in slidereel("policy", "show", "--built-in")[2]


def test_a_policy_file_that_cannot_be_used_is_one_sentence_and_exit_code_1(slidereel, tmp_path):
    (tmp_path / "bad.toml").write_text(OURS + 'signatures = "Jane Doe"\n')
    code, out, err = slidereel("policy", "check", tmp_path / "bad.toml")
    assert (code, out) == (1, "")
    assert "“profile.standard.signatures”" in err
    assert "Jane" not in err
    assert slidereel("policy", "check", tmp_path / "none.toml")[0] == 1


def test_profiles_are_listed_with_the_default_marked_and_as_json_with_every_rule(slidereel):
    _code, out, _err = slidereel("policy", "profiles")
    assert [line.split()[0] for line in out.splitlines()] == ["*", "strict", "ultrasound", "keep-scales"]
    stated = json.loads(slidereel("policy", "profiles", "--json")[1])
    assert stated["profiles"]["strict"]["slide"] == {"macro": "drop", "text": "mask"}
    assert len(stated["digest"]) == 64


def test_a_report_is_printed_and_verified_and_an_altered_one_is_not(slidereel, asset_id, tmp_path):
    code, out, _err = slidereel("report", asset_id)
    assert code == 0
    assert json.loads(out)["report"]["asset"]["asset_id"] == asset_id
    file = tmp_path / "report.json"
    assert slidereel("report", asset_id, "--output", file)[:2] == (0, "")
    code, said, _err = slidereel("report", "--verify", file)
    assert code == 0
    assert "by the key of this data folder" in said
    file.write_text(file.read_text("utf-8").replace('"places_found": 0', '"places_found": 1'), "utf-8")
    code, said, err = slidereel("report", "--verify", file)
    assert (code, said) == (1, "")
    assert "altered" in err


def test_a_report_is_checked_elsewhere_with_the_key_that_is_shown(slidereel, asset_id, tmp_path, capsys):
    report, key = tmp_path / "report.json", tmp_path / "key.pem"
    slidereel("report", asset_id, "--output", report)
    slidereel("report", "--show-key", "--output", key)
    assert "BEGIN PUBLIC KEY" in key.read_text()
    elsewhere = ["--data", str(tmp_path / "elsewhere")]
    assert main(["report", "--verify", str(report), "--public-key", str(key), *elsewhere]) == 0
    assert "by the key that was given" in capsys.readouterr().out
    assert main(["report", "--verify", str(report), *elsewhere]) == 0
    assert "was not checked" in capsys.readouterr().out
    assert not (tmp_path / "elsewhere").exists()


def test_the_page_of_a_report_is_written_as_html(slidereel, asset_id, tmp_path):
    page = tmp_path / "report.html"
    assert slidereel("report", asset_id, "--format", "html", "--output", page)[0] == 0
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"report": 1, "report": 2}', "[" * 100_000, '{"report": NaN}']
)
def test_what_is_no_report_is_one_sentence(slidereel, tmp_path, content):
    (tmp_path / "x.json").write_text(content)
    code, out, err = slidereel("report", "--verify", tmp_path / "x.json")
    assert (code, out) == (1, "")
    assert "not a signed report" in err


def test_an_asset_without_a_report_or_that_is_not_there_is_said(slidereel, database):
    add_asset(database, "a2", "quarantined")
    assert "no scrub to report on" in slidereel("report", "a2")[2]
    assert "no such asset" in slidereel("report", "a3")[2]
