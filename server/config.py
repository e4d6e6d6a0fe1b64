"""Every setting, in one place: default, TOML file, environment, command line (the later wins).

A setting ``x`` is ``x = …`` in ``slidereel.toml`` and ``SLIDEREEL_X`` in the environment. ``slidereel
config show`` prints what is in force and where each value came from.
"""

import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from server.errors import ConfigError

ENVIRONMENT_PREFIX = "SLIDEREEL_"
Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force. ``origins`` names where each one that is not a default came from."""

    data: Path = Path("slidereel-data")
    """The data folder: database, canonical files, quarantine."""

    host: str = "127.0.0.1"
    """Loopback, so that nothing is offered to the network until somebody decides so."""

    port: int = 8000

    processes: int = 1
    """Processes that serve on the port together. One answers more tiles than a lab asks for; several help
    where many people save, sign in and export at once, and cost their memory each."""

    public_origin: str = ""
    """The address people use when a proxy stands in front (``https://slides.example.org``).

    Where it begins with https, cookies are marked Secure."""

    session_hours: float = 12.0
    """A working day: nobody is signed out in the middle of a list, nobody stays signed in over night."""

    login_attempts: int = 10
    """Wrong passwords in a row for one account before it has to wait."""

    login_wait_s: int = 60
    """How long that wait is."""

    keep_originals: bool = False
    """Originals are destroyed when their asset is released; a site that must keep them says so."""

    master_key_file: Path | None = None
    """The key that wraps the quarantine's keys. Default: ``DATA/keys/master.key``.

    On another volume than the data it protects a stolen disk or backup too."""

    policy_file: Path | None = None
    """The policy of the scrub. Default: ``DATA/policy.toml`` where there is one, else the built-in policy."""

    upload_limit_gib: float = 64.0
    """The largest upload. The largest slides in use are near 20 GiB."""

    upload_days: float = 3.0
    """How long an unfinished upload waits for its rest."""

    reserve_mib: int = 256
    """Free disk that ingest and uploads leave alone, so that annotations can still be saved."""

    ingest_workers: int = 1
    """Slides or videos converted at a time; each uses ``ingest_threads`` cores."""

    ingest_threads: int = field(default_factory=lambda: max(1, min(8, os.cpu_count() or 1)))

    ingest_memory_mib: int = 6144
    """Address space of one converting process: a hostile file ends that process, never the server."""

    ingest_limit_s: int = 6 * 3600
    """A conversion that takes longer is stopped and its asset refused."""

    ingest_stall_s: int = 900
    """So is one that gets no further for so long: copying and opening a slide of 64 GiB takes minutes."""

    canonical_size_ratio: float = 1.45
    """The most bytes that a canonical slide may take for each byte of a JPEG source's level 0.

    More makes its reduced levels finer: at 2.1 they are within 2 grey levels of what OpenSlide renders."""

    video_gop: int = 1
    """Of how many frames of a video one is a key frame. 1: any frame at once. 12: two thirds of the bytes,
    for thin links; a frame then needs the ones since its key frame."""

    frame_cache_mib: int = 48
    """Memory for frames and strips of videos made a moment ago."""

    render_cache_mib: int = 64
    """Memory for regions made a moment ago: some two hundred viewports. Stored tiles need none of it."""

    log_level: str = "info"

    origins: Mapping[str, str] = field(default_factory=dict)


_HIGHEST = {"port": 65535, "processes": 64}


def setting_names() -> tuple[str, ...]:
    """The names of all settings, in the order of the class."""
    return tuple(f.name for f in fields(Settings) if f.name != "origins")


def load_settings(
    environment: Mapping[str, str],
    *,
    toml_file: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Settings from a TOML file, the environment and the command line.

    Raises :class:`ConfigError` for an unknown name or a value that does not fit; the message names the
    setting and its origin, never another variable's value.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    data_hint = (
        (overrides or {}).get("data") or environment.get(ENVIRONMENT_PREFIX + "DATA") or "slidereel-data"
    )
    candidate = toml_file or Path(data_hint) / "slidereel.toml"
    if candidate.is_file():
        try:
            document = tomllib.loads(candidate.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError("The settings file is not valid TOML.") from error
        for name, value in document.items():
            values[name], origins[name] = value, "settings file"
    elif toml_file is not None:
        raise ConfigError("The settings file that was named does not exist.")
    for name in setting_names():
        variable = ENVIRONMENT_PREFIX + name.upper()
        if environment.get(variable, "") != "":
            values[name], origins[name] = environment[variable], f"environment ({variable})"
    for name, value in (overrides or {}).items():
        if value is not None:
            values[name], origins[name] = value, "command line"
    known = {f.name: f for f in fields(Settings) if f.name != "origins"}
    for name in values:
        if name not in known:
            raise ConfigError(f"There is no setting named “{name[:40]}” ({origins[name]}).")
    converted = {
        name: _convert(name, _kind(known[name].type), value, origins[name]) for name, value in values.items()
    }
    return Settings(**converted, origins=origins)


def _kind(annotation: Any) -> str:
    """``int`` → "int", ``Path | None`` → "Path"."""
    return str(getattr(annotation, "__name__", "Path"))


def _convert(name: str, kind: str, value: Any, origin: str) -> Any:
    try:
        if kind == "bool":
            if isinstance(value, bool):
                return value
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[
                str(value).lower()
            ]
        if kind == "int":
            number = int(str(value))
            # A larger port would be taken for what is left of it after division by 65,536.
            highest = _HIGHEST.get(name, number)
            return _positive(number, allow_zero=name in {"port", "reserve_mib"}, highest=highest)
        if kind == "float":
            return _positive(float(value), allow_zero=False)
        if kind.startswith("Path"):
            return Path(str(value))
        return str(value)
    except (ValueError, KeyError) as error:
        raise ConfigError(
            f"The setting “{name}” ({origin}) needs {_WANTED[kind.split(' ', maxsplit=1)[0]]}."
        ) from error


_WANTED = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a positive number",
    "Path": "a path",
    "str": "a text",
}


def _positive(number: Number, *, allow_zero: bool, highest: Number | None = None) -> Number:
    if highest is not None and number > highest:
        raise ValueError(number)
    if number < 0 or (number == 0 and not allow_zero) or math.isnan(number):
        raise ValueError(number)
    return number
