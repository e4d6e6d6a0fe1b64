"""``slidereel user``: where the first admin comes from."""

import io
import sys
from pathlib import Path

import pytest

from server.cli import main

PASSWORD = "correct horse battery"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def user(data, monkeypatch, capsys):
    """Run ``slidereel user …``; gives the exit code and what it printed."""

    def run(*arguments: str, given: str | None = None) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(given or ""))
        code = main(["user", *arguments, "--data", str(data)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_the_first_admin_is_added_into_a_folder_that_only_its_owner_reads(user, data):
    code, out, _err = user("add", "Anna", "--role", "admin", "--password-stdin", given=PASSWORD + "\n")
    assert (code, out) == (0, "")
    assert data.stat().st_mode & 0o777 == 0o700
    assert (data / "slidereel.sqlite").stat().st_mode & 0o077 == 0
    code, out, _err = user("list")
    name, role, state, _account_id = out.strip().split("\t")
    assert (code, name, role, state) == (0, "anna", "admin", "enabled")


def test_a_generated_password_is_printed_alone_on_standard_output(user):
    code, out, err = user("add", "anna", "--role", "reviewer", "--generate")
    assert code == 0
    assert len(out.strip()) == 24
    assert out.strip() not in err


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        (("add", "anna", "--role", "admin", "--password-stdin"), ""),
        (("add", "anna", "--role", "admin", "--password-stdin"), "short\n"),
        (("add", "anna", "--role", "admin"), PASSWORD),
        (("add", "a b", "--role", "admin", "--password-stdin"), PASSWORD),
        (("password", "nobody", "--password-stdin"), PASSWORD),
        (("disable", "nobody"), ""),
        (("token", "nobody"), ""),
    ],
)
def test_what_cannot_be_is_one_sentence_and_exit_code_one(user, arguments, given):
    code, out, err = user(*arguments, given=given)
    assert (code, out) == (1, "")
    assert err.startswith("slidereel: ")
    assert len(err.strip().splitlines()) == 1
    assert "short" not in err


@pytest.mark.parametrize(
    "arguments",
    [(), ("add", "anna"), ("add", "anna", "--role", "root"), ("add", "--role", "admin"), ("drop",)],
)
def test_wrong_usage_is_exit_code_two(user, arguments):
    with pytest.raises(SystemExit) as ended:
        user(*arguments)
    assert ended.value.code == 2


def test_an_account_goes_through_role_password_disable_enable_and_token(user):
    user("add", "root", "--role", "admin", "--password-stdin", given=PASSWORD)
    user("add", "bert", "--role", "annotator", "--password-stdin", given=PASSWORD)
    assert user("role", "bert", "reviewer")[0] == 0
    assert user("password", "bert", "--password-stdin", given="another horse battery")[0] == 0
    assert user("disable", "bert")[0] == 0
    assert "disabled since" in user("list")[1]
    assert user("token", "bert")[0] == 1
    assert user("enable", "bert")[0] == 0
    code, out, err = user("token", "bert", "--label", "notebook", "--days", "7")
    assert code == 0
    assert len(out.strip()) == 43
    assert out.strip() not in err


@pytest.mark.parametrize(
    "arguments", [("user", "list"), ("audit", "verify"), ("audit", "list"), ("export", "a1", "--output", "-")]
)
def test_a_mistyped_data_folder_is_said_and_not_made(tmp_path, capsys, arguments):
    missing = tmp_path / "mistyped"
    assert main([*arguments, "--data", str(missing)]) == 1
    assert "no Slidereel data" in capsys.readouterr().err
    assert not missing.exists()


def test_the_last_admin_is_not_disabled_from_here_either(user):
    user("add", "root", "--role", "admin", "--password-stdin", given=PASSWORD)
    code, _out, err = user("disable", "root")
    assert code == 1
    assert "last admin" in err
