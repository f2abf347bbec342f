"""Reads the command line and hands over."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from regie.errors import RegieError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code is 0, or 1 with one sentence on standard error."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return int(options.command(options) or 0)
    except RegieError as error:
        print(f"regie: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="regie", description="The control room for home media.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_check(commands)
    _add_user(commands)
    _add_token(commands)
    _add_plugin(commands)
    return parser


def _command(commands: Any, name: str, sentence: str, function: Any) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=sentence, description=sentence)
    command.set_defaults(command=function)
    _setting(command, "data-dir", "the folder that holds everything (default: data)")
    _setting(command, "database-url", "a postgresql:// address; without one, SQLite in the data directory")
    return command


def _setting(command: argparse.ArgumentParser, name: str, sentence: str) -> None:
    command.add_argument(f"--{name}", help=f"{sentence}; also REGIE_{name.replace('-', '_').upper()}")


def _add_run(commands: Any) -> None:
    from regie.cli import run

    command = _command(commands, "run", "Run the hub until Ctrl-C.", run.run)
    _setting(command, "host", "the address to listen on (default: 127.0.0.1; 0.0.0.0 for every network)")
    _setting(command, "port", "the port to listen on (default: 8480)")
    _setting(command, "url", "the address that people type, when a proxy stands in front")
    _setting(command, "time-zone", "the house's time zone, such as Europe/Paris (default: the machine's)")
    _setting(command, "log-level", "debug, info, warning or error")
    command.add_argument("--log-json", action="store_const", const=True, help="log JSON lines; also REGIE_LOG_JSON")
    command.add_argument(
        "--demo", action="store_const", const=True, help="show a simulated household, in a folder of its own"
    )
    command.add_argument("--safe", action="store_const", const=True, help="run bundled plugins only")


def _add_check(commands: Any) -> None:
    from regie.cli import check

    _command(commands, "check", "Check settings, database and plugins, and say what would not work.", check.check)


def _add_user(commands: Any) -> None:
    from regie.cli import accounts

    users = commands.add_parser("user", help="Manage accounts.").add_subparsers(required=True, metavar="ACTION")
    add = _command(users, "add", "Make an account.", accounts.user_add)
    add.add_argument("name")
    add.add_argument("--admin", action="store_true", help="may do everything")
    add.add_argument("--guest", action="store_true", help="may only look at what is shared")
    add.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input, not from the terminal"
    )
    _command(users, "list", "List the accounts.", accounts.user_list)
    password = _command(users, "password", "Give somebody a new password; ends their sessions.", accounts.user_password)
    password.add_argument("name")
    password.add_argument("--password-stdin", action="store_true", help="read it from standard input")
    remove = _command(users, "remove", "Delete an account.", accounts.user_remove)
    remove.add_argument("name")


def _add_token(commands: Any) -> None:
    from regie.cli import accounts

    tokens = commands.add_parser("token", help="Manage access tokens.").add_subparsers(required=True, metavar="ACTION")
    create = _command(tokens, "create", "Make a long-lived access token and print it.", accounts.token_create)
    create.add_argument("--user", required=True, help="whose it is")
    create.add_argument("--label", required=True, help="what it is for")
    listed = _command(tokens, "list", "List somebody's access tokens.", accounts.token_list)
    listed.add_argument("--user", required=True, help="whose they are")
    revoke = _command(tokens, "revoke", "End an access token.", accounts.token_revoke)
    revoke.add_argument("--user", required=True, help="whose it is")
    revoke.add_argument("id", help="as `regie token list` prints it")


def _add_plugin(commands: Any) -> None:
    from regie.cli import plugin

    plugins = commands.add_parser("plugin", help="Find plugins, and begin new ones.").add_subparsers(
        required=True, metavar="ACTION"
    )
    _command(plugins, "list", "List the installed plugins.", plugin.list_plugins)
    new = _command(plugins, "new", "Write a working plugin into a new folder.", plugin.new)
    new.add_argument("slug", help="its one name: a-z, 0-9 and _")
    new.add_argument("--into", default=".", help="where the folder goes (default: here)")
