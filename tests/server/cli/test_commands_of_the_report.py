"""The commands that a report's page prints do what the page says of them."""

import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from server import jobs
from server.cli import main
from server.config import Settings
from server.db import Database
from server.ingest.convert_job import run_job
from server.ingest.intake import Intake
from tests.server.conftest import BY
from tests.server.ingest.slides import svs


@pytest.mark.slow
def test_the_commands_on_the_page_print_what_was_signed_and_check_the_signature(
    tmp_path: Path, settings: Settings, database: Database, ambient
) -> None:
    intake = Intake(settings, ambient, database)
    with jobs.Owner(intake.owners_dir, ambient) as owner:
        arrival = intake.take_file(svs(tmp_path / "scanner"), None, BY, owner_id=owner.owner_id)
        asset = run_job(intake, arrival.job)
    intake.release(asset.asset_id, BY, seen_sha256=asset.canonical_sha256)
    page = tmp_path / "page.html"
    make = ["report", asset.asset_id, "--format", "html", "--data", str(settings.data)]
    assert main([*make, "--output", str(page)]) == 0
    text = page.read_text("utf-8")
    digest, check = (unescape(block) for block in re.findall("<pre>(.*?)</pre>", text, re.DOTALL))

    def shell(commands: str, folder: Path) -> str:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        known = {"PATH": path, "SLIDEREEL_DATA": str(settings.data)}
        told = subprocess.run(  # noqa: S603 - our own page
            ["/bin/sh", "-ec", commands], cwd=folder, env=known, capture_output=True, text=True, check=True
        )
        return told.stdout

    assert shell(digest, settings.data).split()[0] == asset.canonical_sha256
    assert f"<code>{asset.canonical_sha256}</code>" in text
    assert "as it was signed, by the key that was given" in shell(check, tmp_path)
    (value,) = re.findall("<dt>Signature</dt><dd>(.*?)</dd>", text)
    assert unescape(value) in (tmp_path / "report.json").read_text("utf-8")
