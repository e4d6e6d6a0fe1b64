"""What stands in the repository, as git sees it."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """Every tracked file that exists; tests that ask are skipped outside a git checkout."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"],  # noqa: S607 - the developer's own git
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is not a git checkout")
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


@pytest.fixture(scope="session")
def sources(tracked: list[Path]) -> list[Path]:
    """The tracked files that people write by hand as code."""
    return [path for path in tracked if path.suffix in {".py", ".ts", ".svelte", ".css"} or is_command(path)]


def is_command(path: Path) -> bool:
    """Whether a file is one of the commands in ``scripts/``: they have no suffix."""
    return path.parent == ROOT / "scripts" and not path.suffix
