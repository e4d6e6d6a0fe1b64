"""What the commands print, and what they write, tells nothing of a file nor of its name."""

from pathlib import Path

import pytest

from server.cli import main
from tests.canaries.journey import FILE_NAME
from tests.canaries.searching import Searcher, named
from tests.canaries.sources import SOURCES


@pytest.mark.slow
def test_the_commands_keep_every_name_to_themselves(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data, sources = tmp_path / "data", tmp_path / named("Folder")
    sources.mkdir()
    paths = []
    for name in ("svs", "mp4"):
        whole = SOURCES[name].make(tmp_path)
        for kind, content in (("whole", whole), ("broken", whole[:200])):
            path = sources / f"{FILE_NAME}_{name}_{kind}{SOURCES[name].suffix}"
            path.write_bytes(content)
            paths.append(str(path))
    told, searcher = [], Searcher()

    def slidereel(*arguments: str) -> tuple[int, str]:
        code = main([*arguments, "--data", str(data)])
        captured = capfd.readouterr()
        told.append(captured.out + captured.err)
        return code, captured.out

    assert slidereel("ingest", *paths, str(sources / "missing.svs"))[0] == 2
    code, out = slidereel("ingest", *paths, "--case", "CASE 7")
    assert code == 1
    asset_ids = [line.split(": ")[1].split()[0] for line in out.splitlines() if "awaiting_release" in line]
    assert len(asset_ids) == 2
    assert slidereel("release", *asset_ids)[0] == 0
    for arguments in (
        ("audit", "list", "--limit", "1000"),
        ("audit", "verify"),
        ("config", "show"),
        ("quarantine", "status", "--json"),
        ("quarantine", "rotate-key"),
        ("quarantine", "purge"),
        ("quarantine", "erase-case", "CASE 7", "--yes"),
        ("export", asset_ids[0]),
        ("report", asset_ids[0]),
        ("policy", "show"),
    ):
        try:
            slidereel(*arguments)
        except SystemExit:
            told.append(capfd.readouterr().err)
    assert searcher.find("\n".join(told).encode()) == []
    assert list(searcher.places(data)) == []
