"""What no command has foreseen: a sentence and a number, and nothing of what was being worked on."""

import subprocess
import sys

import pytest

from server.cli import main
from server.cli import policy as command

STATE = """
import ctypes, resource
from server.cli import main
main(["policy", "show"])
PR_GET_DUMPABLE = 3
print(ctypes.CDLL(None).prctl(PR_GET_DUMPABLE), *resource.getrlimit(resource.RLIMIT_CORE))
"""


def test_an_error_that_nobody_expected_quotes_neither_path_nor_row(
    settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_args: object) -> int:
        raise PermissionError(13, "Permission denied", "/scans/Doe^Jane.svs")

    monkeypatch.setattr(command, "run_show", fail)
    assert main(["policy", "show", "--data", str(settings.data)]) == 1
    said = capsys.readouterr()
    assert "Doe" not in said.out + said.err
    assert (
        "This failed: Permission denied. (PermissionError at tests.server.cli.test_last_resort:" in said.err
    )
    assert ", reference " in said.err


def test_a_command_leaves_no_image_of_its_memory_behind() -> None:
    ended = subprocess.run([sys.executable, "-c", STATE], capture_output=True, text=True, check=True)  # noqa: S603 - our own
    assert ended.stdout.splitlines()[-1] == "0 0 0"
