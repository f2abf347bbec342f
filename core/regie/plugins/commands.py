"""WebSocket commands that plugins add, named `<slug>/<name>`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import voluptuous as vol

from regie.bus.bus import Undo
from regie.services import Caller, Permission

CommandHandler = Callable[[Caller, Mapping[str, Any]], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command: `handler(user, data)` answers the result, as JSON."""

    name: str
    handler: CommandHandler
    schema: vol.Schema | None
    permission: Permission
    owner: str


class PluginCommands:
    """The commands of all plugins."""

    def __init__(self) -> None:
        self._commands: dict[str, Command] = {}

    def find(self, name: str) -> Command | None:
        """A command by its full name."""
        return self._commands.get(name)

    def register(self, command: Command) -> Undo:
        """Offer a command; what returns withdraws it."""
        if command.name in self._commands:
            raise ValueError(f"The command {command.name} exists already")
        self._commands[command.name] = command

        def undo() -> None:
            if self._commands.get(command.name) is command:
                del self._commands[command.name]

        return undo
