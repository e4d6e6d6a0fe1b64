"""Setting up on machines that differ: old Python, Debian's divided Python, package mirrors."""

import os
import sys
from pathlib import Path

import environment
import pytest


def test_an_old_python_is_told_which_one_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "OLDEST_PYTHON", (99, 1))
    with pytest.raises(environment.SetupError, match=r"needs Python 99\.1 or newer"):
        environment.ensure(dev=False)


@pytest.fixture
def empty_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No environment yet, and nobody who may install system packages."""
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(environment, "is_debian_root", lambda: False)
    return tmp_path / ".venv"


def test_without_ensurepip_pip_and_root_the_missing_package_is_named(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "_has", lambda module: False)
    with pytest.raises(environment.SetupError, match="apt-get install python3-venv"):
        environment._make_venv()
    assert not empty_place.exists()


def test_without_ensurepip_the_systems_pip_is_aimed_at_the_environment(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "_has", lambda module: module == "pip")
    environment._make_venv()
    assert (empty_place / "bin" / "python").exists()
    monkeypatch.setattr(environment, "PYTHON", empty_place / "bin" / "python")
    assert environment._pip()[:3] == [sys.executable, "-m", "pip"]
    assert "--python" in environment._pip()


def test_a_folder_that_is_no_environment_is_left_alone(empty_place: Path) -> None:
    empty_place.mkdir()
    (empty_place / "thesis.txt").write_text("do not delete")
    with pytest.raises(environment.SetupError, match="move it away"):
        environment._make_venv()
    assert (empty_place / "thesis.txt").read_text() == "do not delete"


@pytest.fixture
def pip_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """pip as it comes, without this machine's settings."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    (tmp_path / "pip.conf").write_text("")
    return monkeypatch


def test_uv_is_told_of_a_mirror_named_in_the_environment(pip_settings: pytest.MonkeyPatch) -> None:
    pip_settings.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    pip_settings.setenv("PIP_FIND_LINKS", "https://mirror.example/wheels /srv/wheels")
    mirror = environment._package_mirror()
    assert mirror["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert mirror["UV_FIND_LINKS"] == "https://mirror.example/wheels,/srv/wheels"


def test_uv_is_told_of_a_mirror_named_in_pip_conf(pip_settings: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = https://mirror.example/simple\nextra-index-url =\n"
        "    https://one.example/simple\n    https://two.example/simple\ncert = /srv/ca.pem\n"
    )
    mirror = environment._package_mirror()
    assert mirror["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert mirror["UV_INDEX"] == "https://one.example/simple https://two.example/simple"
    assert mirror["SSL_CERT_FILE"] == "/srv/ca.pem"


def test_the_public_index_is_no_mirror(pip_settings: pytest.MonkeyPatch) -> None:
    pip_settings.setenv("PIP_INDEX_URL", "https://pypi.org/simple")
    assert "UV_DEFAULT_INDEX" not in environment._package_mirror()
