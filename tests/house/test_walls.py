"""The house as it is drawn: who may import whom, and how long a file gets."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LONGEST_FILE_LINES = 500


def test_every_import_contract_is_kept() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(  # noqa: S603 - our own environment's linter
        [linter, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_no_source_file_outgrows_one_idea(sources: list[Path]) -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in sources}
    assert not {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE_LINES}
