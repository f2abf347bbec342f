"""`regie user` and `regie token`: against the running hub, or the stopped one's database."""

import argparse
import asyncio
import getpass
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp

from regie import control
from regie.auth import Auth
from regie.cli.options import settings_of
from regie.config.secrets import SecretBox
from regie.data_dir import DataDir, Running
from regie.errors import ServiceError
from regie.observe.logs import Redactor, set_up_logs
from regie.settings import Settings
from regie.storage import Database, Storage, migrate
from regie.storage.models import Base


def user_add(options: argparse.Namespace) -> None:
    """Make an account."""
    role = "admin" if options.admin else "guest" if options.guest else "user"
    data = {"name": options.name, "password": _password(options), "role": role}
    _ask(options, "user.add", data)
    print(f"{options.name} can sign in now ({role}).")


def user_list(options: argparse.Namespace) -> None:
    """Print the accounts."""
    for user in _ask(options, "user.list", {})["users"]:
        print(f"{user['name']}\t{user['role']}" + ("" if user["is_active"] else "\tdisabled"))


def user_password(options: argparse.Namespace) -> None:
    """Set a password."""
    _ask(options, "user.password", {"name": options.name, "password": _password(options)})
    print(f"{options.name} has a new password; all their sessions have ended.")


def user_remove(options: argparse.Namespace) -> None:
    """Delete an account."""
    _ask(options, "user.remove", {"name": options.name})
    print(f"{options.name} is gone.")


def token_create(options: argparse.Namespace) -> None:
    """Print a new token, and nothing else, so that a script can keep it."""
    print(_ask(options, "token.create", {"user": options.user, "label": options.label})["token"])


def token_list(options: argparse.Namespace) -> None:
    """Print somebody's tokens."""
    for token in _ask(options, "token.list", {"user": options.user})["tokens"]:
        made = datetime.fromtimestamp(token["created_at"], UTC).date()
        print(f"{token['id']}\t{made}\t{token['label']}")


def token_revoke(options: argparse.Namespace) -> None:
    """End a token."""
    _ask(options, "token.revoke", {"user": options.user, "id": options.id})
    print("The token has ended.")


def _password(options: argparse.Namespace) -> str:
    if options.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return getpass.getpass("Password: ")


def _ask(options: argparse.Namespace, command: str, data: Mapping[str, Any]) -> dict[str, Any]:
    # What a script reads is on standard output; logs go beside it, and only when something is wrong.
    set_up_logs("warning", json=False, redactor=Redactor())
    return asyncio.run(_answer(settings_of(options), command, data))


async def _answer(settings: Settings, command: str, data: Mapping[str, Any]) -> dict[str, Any]:
    folder = DataDir(settings.data_dir)
    running = folder.running()
    if running is not None:
        return await _ask_running(running, command, data)
    folder.lock()
    database = Database(settings.resolved_database_url)
    try:
        await database.start()
        await migrate(database, "core", Storage(Base.metadata, "regie.storage.migrations"))
        return await control.COMMANDS[command](Auth(database, SecretBox.open(settings.data_dir)), data)
    finally:
        await database.stop()
        folder.unlock()


async def _ask_running(running: Running, command: str, data: Mapping[str, Any]) -> dict[str, Any]:
    url = running.url + control.PATH.format(command=command)
    headers = {"Authorization": f"Bearer {running.token}"}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session,
            session.post(url, json=data, headers=headers) as response,
        ):
            answer: dict[str, Any] = await response.json()
            if response.status != 200:
                raise ServiceError(answer.get("message", f"the hub answered {response.status}"))
            return answer
    except (aiohttp.ClientError, TimeoutError) as error:
        raise ServiceError(f"The running hub does not answer at {running.url}: {error}") from error
