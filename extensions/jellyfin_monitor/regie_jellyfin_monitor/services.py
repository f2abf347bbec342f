"""The services `jellyfin_monitor.*`."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any

import voluptuous as vol

from regie.api import ServiceCall

from .imports import SCHEMA, record_of_import
from .monitor import Monitor

AT_ONCE = 250
"""Imported plays a transaction: others write in between."""
CHECKED_AT_ONCE = 50
"""Plays that are checked before others get their turn on the loop."""

_STREAM = {"description": "The stream, as events and the live page name it", "required": True, "example": "812…"}
_SERVER = {"description": "The server's id; all when left out", "required": False}


class Services:
    """Registers and answers the services."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def register(self) -> None:
        """Offer them."""
        register = self._monitor.ctx.services.register
        register(
            "sync",
            self._sync,
            schema=vol.Schema({vol.Optional("server_id"): str}),
            permission="admin",
            description="Bring people, libraries and items of the servers up to date",
            fields={"server_id": _SERVER},
        )
        register(
            "import_plays",
            self._import_plays,
            schema=SCHEMA,
            permission="admin",
            description="Take in plays of another history; the same play twice is taken once",
            fields={"plays": {"description": "Up to 5000 plays", "required": True, "selector": {"object": None}}},
            response="optional",
        )
        text = {"description": "What the viewer reads", "required": True, "example": "The film starts again at nine"}
        register(
            "message",
            self._message,
            schema=vol.Schema(
                {
                    vol.Required("stream"): str,
                    vol.Required("text"): vol.All(str, vol.Length(min=1, max=500)),
                    vol.Optional("header"): vol.All(str, vol.Length(max=100)),
                }
            ),
            permission="admin",
            description="Show a text to the one who watches a stream",
            fields={"stream": _STREAM, "text": text},
        )
        register(
            "stop",
            self._stop,
            schema=vol.Schema({vol.Required("stream"): str, vol.Optional("text"): vol.All(str, vol.Length(max=500))}),
            permission="admin",
            description="Stop a stream, after telling the viewer why",
            fields={"stream": _STREAM, "text": text | {"required": False}},
        )

    async def _sync(self, call: ServiceCall) -> None:
        await self._monitor.sync(call.data.get("server_id"))

    async def _message(self, call: ServiceCall) -> None:
        await self._monitor.message(call.data["stream"], call.data["text"], call.data.get("header", ""))

    async def _stop(self, call: ServiceCall) -> None:
        await self._monitor.stop(call.data["stream"], call.data.get("text", ""))

    async def _import_plays(self, call: ServiceCall) -> Mapping[str, Any]:
        data, store = call.data, self._monitor.store
        taken = []
        for number in range(len(data["plays"])):
            taken.append(record_of_import(data, number, store.settings))
            if number % CHECKED_AT_ONCE == 0:
                await asyncio.sleep(0)
        skipped = Counter(one for one in taken if isinstance(one, str))
        records = [one for one in taken if not isinstance(one, str)]
        imported = 0
        for start in range(0, len(records), AT_ONCE):
            async with self._monitor.ctx.session() as session:
                server_id = await store.dimensions.server_id(session, data["server_id"], data.get("server_name", ""))
                imported += await store.save(session, server_id, records[start : start + AT_ONCE])
        self._monitor.stored()
        counts = {"duplicate": len(records) - imported, "too_short": skipped["too_short"], "kind": skipped["kind"]}
        return {"imported": imported, "skipped": counts}
