"""``slidereel audit`` and ``slidereel config show``."""

import json
import sqlite3

import pytest

from server import audit
from server.cli import main
from server.config import setting_names


@pytest.fixture
def slidereel(settings, capsys):
    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([*map(str, arguments), "--data", str(settings.data)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def log(database, ambient):
    for number in range(5):
        database.write_now(
            lambda c, number=number: audit.record(
                c,
                ambient,
                account_id=None,
                actor="system",
                action="test",
                subject_kind="asset",
                subject_id=f"a{number % 2}",
                detail={"number": number},
            )
        )
    return database


def test_a_whole_log_is_verified(slidereel, log):
    code, out, _err = slidereel("audit", "verify")
    assert code == 0
    assert out.startswith("5 events, unbroken; head ")


def test_a_tampered_log_is_told_and_the_exit_code_is_not_zero(slidereel, log):
    with sqlite3.connect(log.path) as connection:
        connection.execute("DROP TRIGGER audit_event_no_update")
        connection.execute("UPDATE audit_event SET actor = 'somebody else' WHERE sequence = 2")
    code, out, err = slidereel("audit", "verify")
    assert (code, out) == (1, "")
    assert "event 2" in err


def test_the_list_is_one_json_line_an_event_newest_first(slidereel, log):
    _code, out, _err = slidereel("audit", "list", "--limit", "3")
    assert [json.loads(line)["detail"]["number"] for line in out.splitlines()] == [4, 3, 2]
    _code, out, _err = slidereel("audit", "list", "--subject", "a1")
    assert [json.loads(line)["detail"]["number"] for line in out.splitlines()] == [3, 1]


def test_every_setting_is_shown_with_where_it_came_from(slidereel, monkeypatch, settings):
    monkeypatch.setenv("SLIDEREEL_LOGIN_ATTEMPTS", "7")
    settings.data.mkdir()
    (settings.data / "slidereel.toml").write_text("session_hours = 8\n")
    _code, out, _err = slidereel("config", "show", "--json")
    shown = json.loads(out)
    assert set(shown) == set(setting_names())
    assert shown["login_attempts"] == {"value": 7, "origin": "environment (SLIDEREEL_LOGIN_ATTEMPTS)"}
    assert shown["session_hours"] == {"value": 8.0, "origin": "settings file"}
    assert shown["data"]["origin"] == "command line"
    assert shown["port"] == {"value": 8000, "origin": "default"}
    _code, out, _err = slidereel("config", "show")
    assert len(out.splitlines()) == len(setting_names())
    assert "session_hours 8.0 (settings file)" in " ".join(out.split())


def test_a_setting_that_is_none_is_one_sentence(slidereel, monkeypatch):
    monkeypatch.setenv("SLIDEREEL_PORT", "many")
    code, out, err = slidereel("config", "show")
    assert (code, out) == (1, "")
    assert "“port”" in err


def test_a_port_that_no_machine_has_is_refused_not_taken_for_another(slidereel, monkeypatch):
    monkeypatch.setenv("SLIDEREEL_PORT", "99999")
    code, out, err = slidereel("config", "show")
    assert (code, out) == (1, "")
    assert "“port”" in err
