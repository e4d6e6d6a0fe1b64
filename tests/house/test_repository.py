"""What every clone must carry, and what none may."""

import json
import os
import re
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON_HOSTS = {"pypi.org", "files.pythonhosted.org"}
JAVASCRIPT_HOST = "registry.npmjs.org"
COMMANDS = {"setup", "demo", "test"}
MACHINE_PATH = re.compile(r"(?<![\w.~/-])/(?:home|Users|root|work|workspace|builds)/\w")
PLAIN_TEXT = {".py", ".ts", ".svelte", ".md", ".toml", ".json", ".html", ".css", ".js", ".lock", ".txt", ""}


def strings_in(value: object) -> list[str]:
    """Every text in a parsed TOML or JSON document."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings_in(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings_in(item)]
    return [value] if isinstance(value, str) else []


def test_the_python_lock_names_public_hosts_only() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
    urls = [text for text in strings_in(lock) if "://" in text]
    assert len(urls) > 100
    assert {urlsplit(url).hostname for url in urls} <= PYTHON_HOSTS


def test_the_browser_lock_names_no_registry_but_the_public_one() -> None:
    lock = json.loads((ROOT / "static" / "package-lock.json").read_text("utf-8"))
    packages = lock["packages"].values()
    assert len(packages) > 50
    resolved = [package["resolved"] for package in packages if "resolved" in package]
    assert {urlsplit(url).hostname for url in resolved} <= {JAVASCRIPT_HOST}


def test_every_locked_browser_package_is_known_by_its_hash() -> None:
    lock = json.loads((ROOT / "static" / "package-lock.json").read_text("utf-8"))
    missing = [name for name, package in lock["packages"].items() if name and "integrity" not in package]
    assert not missing


def test_no_file_names_a_path_of_somebodys_machine(tracked: list[Path]) -> None:
    found = []
    for path in tracked:
        if path.suffix not in PLAIN_TEXT or path == Path(__file__):
            continue
        text = path.read_text("utf-8", errors="replace")
        if str(ROOT) in text or MACHINE_PATH.search(text):
            found.append(path.relative_to(ROOT))
    assert not found


def test_no_built_file_is_tracked(tracked: list[Path]) -> None:
    names = [path.relative_to(ROOT).as_posix() for path in tracked]
    assert not [name for name in names if name.startswith(("static/dist/", "static/node_modules/", ".venv/"))]


def test_every_command_can_be_started_without_naming_an_interpreter(tracked: list[Path]) -> None:
    commands = [path for path in tracked if path.parent == ROOT / "scripts" and not path.suffix]
    assert {path.name for path in commands} >= COMMANDS
    for path in commands:
        assert os.access(path, os.X_OK), path
        assert path.read_text("utf-8").startswith("#!/usr/bin/env python3\n"), path


def test_ci_runs_exactly_what_people_run() -> None:
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert lines == ["#!/bin/sh", "exec scripts/test"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


@pytest.mark.parametrize("command", ["scripts/demo", "scripts/test"])
def test_the_readme_begins_with_the_two_commands(command: str) -> None:
    blocks = re.findall(
        r"^```\w*\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert blocks
    assert command in blocks[0]
