"""``slidereel policy``: what becomes of a patient's traces, and whether a policy file can be used."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from server.deid.policy import Policy, find_policy, load_policy, parse_policy, policy_path, read_policy_text


def register(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("policy", help="show and check the policy of the scrub")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="print the policy in force, as a file to copy and edit")
    show.add_argument("--built-in", action="store_true", help="the built-in one, whatever is in force")
    show.set_defaults(run=run_show)
    check = actions.add_parser("check", help="say whether a policy file can be used; exit code 1 if not")
    check.add_argument("file", type=Path, metavar="FILE")
    check.set_defaults(run=run_check)
    profiles = actions.add_parser("profiles", help="list the profiles of the policy in force")
    profiles.add_argument("--json", action="store_true", help="every rule of each, as one JSON object")
    profiles.set_defaults(run=run_profiles)


def run_show(args: argparse.Namespace) -> int:
    """Print the file's text; on standard error which policy it is."""
    path = None if args.built_in else policy_path(args.settings.data, args.settings.policy_file)
    text = read_policy_text(path)
    named = _named(parse_policy(text))
    sys.stdout.write(text)
    print(named, file=sys.stderr)  # noqa: T201
    return 0


def run_check(args: argparse.Namespace) -> int:
    """Print which policy the file holds."""
    print(_named(load_policy(args.file)))  # noqa: T201
    return 0


def run_profiles(args: argparse.Namespace) -> int:
    """Print the names and what they mean; the default one is marked."""
    policy = find_policy(args.settings.data, args.settings.policy_file)
    if args.json:
        print(json.dumps(policy.to_json() | {"digest": policy.digest}, ensure_ascii=False, indent=2))  # noqa: T201
        return 0
    width = max(len(profile.name) for profile in policy.profiles)
    for profile in policy.profiles:
        mark = "*" if profile.name == policy.default_profile else " "
        print(f"{mark} {profile.name:{width}}  {profile.description}")  # noqa: T201
    return 0


def _named(policy: Policy) -> str:
    profiles = ", ".join(profile.name for profile in policy.profiles)
    return f"policy “{policy.name}”, version {policy.version}, digest {policy.digest}; profiles: {profiles}"
