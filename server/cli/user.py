"""``slidereel user``: accounts from the command line, where the first admin comes from."""

import argparse
import asyncio
import getpass
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from server.access import Role
from server.access.authenticator import Authenticator
from server.accounts import Doer
from server.accounts.api_tokens import DEFAULT_DAYS
from server.accounts.passwords import generate_password
from server.ambient import real_ambient
from server.cli.opening import open_database, open_existing_database
from server.errors import InvalidInputError

BY = Doer(None, "command line", "command line")
PAGE = 500


def register(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("user", help="add, list, change and disable accounts; make API tokens")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    add = actions.add_parser("add", help="add an account")
    add.add_argument("name", metavar="NAME")
    add.add_argument("--role", required=True, choices=[str(role) for role in Role])
    _add_password_options(add)
    add.set_defaults(run=_with(_add))

    listing = actions.add_parser("list", help="list the accounts")
    listing.set_defaults(run=_with(_list))

    role = actions.add_parser("role", help="give an account another role")
    role.add_argument("name", metavar="NAME")
    role.add_argument("role", metavar="ROLE", choices=[str(role) for role in Role])
    role.set_defaults(run=_with(_role))

    password = actions.add_parser("password", help="set a new password; all sessions of the account end")
    password.add_argument("name", metavar="NAME")
    _add_password_options(password)
    password.set_defaults(run=_with(_password))

    for word, meaning in (
        ("disable", "keep an account from signing in; its sessions and tokens end"),
        ("enable", "let a disabled account sign in again"),
    ):
        switch = actions.add_parser(word, help=meaning)
        switch.add_argument("name", metavar="NAME")
        switch.set_defaults(run=_with(_switch))

    token = actions.add_parser("token", help="make an API token for a program; it is printed once")
    token.add_argument("name", metavar="NAME")
    token.add_argument("--label", default="command line", help="what the token is for")
    token.add_argument(
        "--days", type=int, default=DEFAULT_DAYS, help=f"how long it works (default {DEFAULT_DAYS})"
    )
    token.set_defaults(run=_with(_token))


def _add_password_options(parser: argparse.ArgumentParser) -> None:
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input, one line"
    )
    ways.add_argument("--generate", action="store_true", help="make a password and print it once")


Action = Callable[[argparse.Namespace, Authenticator], Coroutine[Any, Any, None]]


def _with(action: Action) -> Callable[[argparse.Namespace], int]:
    """The command that runs ``action`` on the data folder's accounts."""

    def run(args: argparse.Namespace) -> int:
        # The first account may make the data folder; anything else in an empty one is a mistyped name.
        opening = open_database if action is _add else open_existing_database
        with opening(args.settings) as database:
            asyncio.run(action(args, Authenticator(database, real_ambient(), args.settings)))
        return 0

    return run


async def _add(args: argparse.Namespace, authenticator: Authenticator) -> None:
    password, is_generated = _chosen_password(args)
    account = await authenticator.accounts.add(args.name, args.role, password, BY, is_generated=is_generated)
    _say(f"Added {account.username} ({account.role}).")
    if is_generated:
        print(password)  # noqa: T201


async def _list(_args: argparse.Namespace, authenticator: Authenticator) -> None:
    after: str | None = None
    while found := await authenticator.accounts.list_page(after=after, limit=PAGE):
        for account in found:
            state = f"disabled since {account.disabled_at}" if account.disabled_at else "enabled"
            print(f"{account.username}\t{account.role}\t{state}\t{account.account_id}")  # noqa: T201
        after = found[-1].username


async def _role(args: argparse.Namespace, authenticator: Authenticator) -> None:
    account = await authenticator.accounts.named(args.name)
    await authenticator.accounts.change(account.account_id, BY, role=args.role)
    _say(f"{account.username} is {args.role} now.")


async def _password(args: argparse.Namespace, authenticator: Authenticator) -> None:
    account = await authenticator.accounts.named(args.name)
    password, is_generated = _chosen_password(args)
    await authenticator.accounts.change(account.account_id, BY, password=password, is_generated=is_generated)
    _say(f"{account.username} has a new password.")
    if is_generated:
        print(password)  # noqa: T201


async def _switch(args: argparse.Namespace, authenticator: Authenticator) -> None:
    account = await authenticator.accounts.named(args.name)
    await authenticator.accounts.change(account.account_id, BY, disabled=args.action == "disable")
    _say(f"{account.username} is {args.action}d.")


async def _token(args: argparse.Namespace, authenticator: Authenticator) -> None:
    account = await authenticator.accounts.named(args.name)
    new = await authenticator.api_tokens.create(account.account_id, args.label, BY, days=args.days)
    _say(f"This token acts as {account.username} until {new.record.expires_at}; it is not shown again.")
    print(new.token)  # noqa: T201


def _chosen_password(args: argparse.Namespace) -> tuple[str, bool]:
    """The password, and whether it was made up. Never an argument: all on the machine can read those."""
    if args.generate:
        return generate_password(real_ambient().random_bytes), True
    if args.password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise InvalidInputError("There is no password on standard input.")
        return password, False
    if not sys.stdin.isatty():
        raise InvalidInputError("Say where the password comes from: --password-stdin or --generate.")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("The same again: "):
        raise InvalidInputError("These are two different passwords; nothing was changed.")
    return password, False


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)  # noqa: T201
