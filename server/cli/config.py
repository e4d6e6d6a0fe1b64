"""``slidereel config show``: every setting in force, and where it came from."""

import argparse
import json
from typing import Any

from server.config import setting_names


def register(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("config", help="show the settings in force")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="each setting, its value and where it came from")
    show.add_argument("--json", action="store_true", help="as one JSON object")
    show.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the settings; none of them is a secret."""
    settings = args.settings
    shown = {
        name: {"value": _plain(getattr(settings, name)), "origin": settings.origins.get(name, "default")}
        for name in setting_names()
    }
    if args.json:
        print(json.dumps(shown, ensure_ascii=False, indent=2))  # noqa: T201
        return 0
    width = max(map(len, shown))
    for name, entry in shown.items():
        print(f"{name:{width}}  {_text(entry['value'])}  ({entry['origin']})")  # noqa: T201
    return 0


def _plain(value: object) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "none" if value is None else str(value) or "“”"
