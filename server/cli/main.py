"""One parser, one place where an error becomes a sentence and an exit code.

Exit codes: 0 done, 1 refused or failed (the sentence is on standard error), 2 wrong usage, 130 interrupted.
"""

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from server.ambient import real_ambient
from server.config import load_settings
from server.errors import ServerError, place_of
from server.log import configure_logging

COMMANDS = (
    "serve", "ingest", "scrub", "release", "report", "policy",
    "user", "exchange", "audit", "quarantine", "pseudonym", "config",
)  # fmt: skip
_MODULES = {name: name for name in COMMANDS if name != "exchange"} | {
    "reject": "scrub",
    "export": "exchange",
    "import": "exchange",
}
EXIT_REFUSED = 1
EXIT_INTERRUPTED = 130
DESCRIPTION = """Self-hosted annotation server for whole-slide pathology, ultrasound loops and surgical video.

Start with:  slidereel user add NAME --role admin --password-stdin
             slidereel ingest SLIDE.svs --case STUDY-CODE
             slidereel release ASSET_ID
             slidereel serve"""


def build_parser(arguments: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser with every command; each module of ``COMMANDS`` registers its own.

    Where the first of ``arguments`` is a command, it alone is there: importing all takes half a second more.
    """
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--data",
        type=Path,
        default=argparse.SUPPRESS,
        metavar="DIR",
        help="the data folder (default: SLIDEREEL_DATA, else ./slidereel-data)",
    )
    parser = argparse.ArgumentParser(
        prog="slidereel",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[common],
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    only = _MODULES.get(arguments[0]) if arguments else None
    for name in COMMANDS if only is None else (only,):
        importlib.import_module(f"server.cli.{name}").register(subparsers)
    _give_everywhere(parser, common)
    return parser


def _give_everywhere(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """Let ``--data`` stand after the command too, where people write it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for sub in set(action.choices.values()):
                if not any("--data" in option.option_strings for option in sub._actions):
                    sub._add_container_actions(common)
                _give_everywhere(sub, common)


def _log_level(args: argparse.Namespace) -> str:
    """A person at a terminal gets sentences; the log beside them is for who asks for it, and for servers."""
    is_asked_for = args.command == "serve" or "log_level" in args.settings.origins
    return str(args.settings.log_level) if is_asked_for else "error"


def _keep_memory_inside() -> None:
    # Here, because with it comes the cryptography, which those who only ask for help need not wait for.
    from server.deid.core_dumps import forbid_core_dumps  # noqa: PLC0415

    forbid_core_dumps()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the return value is the process's exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    args = build_parser(arguments).parse_args(arguments)
    reference = real_ambient().random_bytes(4).hex()
    try:
        overrides = {name: getattr(args, name, None) for name in ("data", "host", "port", "processes")}
        args.settings = load_settings(os.environ, overrides=overrides)
        configure_logging(_log_level(args))
        _keep_memory_inside()
        # What ends a command from outside ends it as Ctrl-C does: with its scratch cleared away.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        run = args.run
        return int(run(args))
    except ServerError as error:
        print(f"slidereel: {error} (reference {reference})", file=sys.stderr)  # noqa: T201
        return EXIT_REFUSED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_REFUSED
    except KeyboardInterrupt:
        print("slidereel: interrupted", file=sys.stderr)  # noqa: T201
        return EXIT_INTERRUPTED
    except Exception as error:  # noqa: BLE001 - a traceback quotes: paths, rows, what a file held
        number = error.errno if isinstance(error, OSError) else None
        why = " for a reason that we do not know." if number is None else f": {os.strerror(number)}."
        place = f"{type(error).__name__} at {place_of(error)}, reference {reference}"
        print(f"slidereel: This failed{why} ({place})", file=sys.stderr)  # noqa: T201
        return EXIT_REFUSED
