"""One WebSocket client: sign-in, commands in, answers and events out."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import structlog
import voluptuous as vol
from aiohttp import WSCloseCode, WSMsgType, web

from regie.auth import Credential, allows
from regie.auth.permissions import Permission
from regie.errors import InvalidData, NotFound, RegieError, Unauthorized
from regie.services import schema_complaint
from regie.web.codec import BadJSON, decode
from regie.web.shapes import COMPATIBLE_VERSION
from regie.web.websocket import messages
from regie.web.websocket.outbox import Outbox

if TYPE_CHECKING:
    from regie.hub import Hub

AUTH_S = 10.0
WRITE_S = 10.0
GOODBYE_S = 1.0
"""How long a client that does not read may take for the farewell."""
ABORT_S = 10.0
MAX_RUNNING = 64
"""Commands of one client that run at once; the next one waits, and with it the client."""
INVALID_TOKEN = "Invalid access token or password"  # noqa: S105 - a message

_AUTH = vol.Schema({vol.Required("type"): "auth", vol.Required("access_token"): str})


class Answered:
    """What a handler answers that has sent its result itself."""


ANSWERED = Answered()


class CommandRefused(RegieError):
    """A refusal with a code of its own."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class WsCommand(Protocol):
    """A command that clients may send."""

    @property
    def name(self) -> str:
        """Its type on the wire."""

    @property
    def permission(self) -> Permission:
        """Who may send it."""

    @property
    def schema(self) -> vol.Schema | None:
        """Its parameters."""

    async def run(self, connection: "Connection", message_id: int, data: Mapping[str, Any]) -> Any:
        """The result, or ANSWERED."""


FindCommand = Callable[[str], WsCommand | None]


class Connection:
    """A client. Frames wait in its outbox until its writer task has written them; who does not read is cut off."""

    def __init__(self, hub: "Hub", socket: web.WebSocketResponse, request: web.Request, find: FindCommand) -> None:
        self.hub = hub
        self.credential: Credential | None = None
        self.subscriptions: dict[int, Callable[[], None]] = {}
        self.may_join = False
        """Whether the client takes several messages in one array."""
        self._socket = socket
        self._request = request
        self._find = find
        self._outbox = Outbox()
        self._wake = asyncio.Event()
        self._slots = asyncio.Semaphore(MAX_RUNNING)
        self._last_id = 0
        self._is_open = True
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("regie.web").bind(client=request.remote)

    async def run(self) -> None:
        """Serve the client until it goes."""
        await self._socket.send_json({"type": "auth_required", "ha_version": COMPATIBLE_VERSION})
        if not await self._authenticate():
            await self._socket.close()
            return
        writer = self.hub.create_task(self._write(), "websocket writer")
        try:
            async for frame in self._socket:
                if frame.type is not WSMsgType.TEXT or not await self._receive(frame.data):
                    break
        finally:
            self._is_open = False
            for undo in self.subscriptions.values():
                undo()
            self.subscriptions.clear()
            writer.cancel()
        await self._socket.close()

    def send(self, frame: bytes) -> None:
        """Queue a frame."""
        if self._is_open:
            self._outbox.put(frame)
            self._queued()

    def send_event(self, subscription_id: int, event: messages.SharedEvent) -> None:
        """Queue an event of a subscription."""
        self.send(event.frame(subscription_id))

    def send_change(self, subscription_id: int, old: Any, new: Any, event: messages.SharedEvent) -> None:
        """Queue a state change; for a slow client only the newest of each entity is kept."""
        if self._is_open:
            self._outbox.put_change(subscription_id, old, new, event)
            self._queued()

    def subscribed(self, subscription_id: int, undo: Callable[[], None], result: Any = None) -> Answered:
        """Note a subscription and answer it: the result goes out before the first event."""
        if self._is_open:
            self.subscriptions[subscription_id] = undo
            self.send(messages.result(subscription_id, result))
        else:
            undo()
        return ANSWERED

    def unsubscribe(self, subscription_id: int) -> bool:
        """End a subscription; False when there is none."""
        undo = self.subscriptions.pop(subscription_id, None)
        if undo is None:
            return False
        undo()
        self._outbox.drop(subscription_id)
        return True

    async def close(self, code: int, reason: str) -> None:
        """Say farewell; who does not hear it within seconds is cut off."""
        self._is_open = False
        transport = self._request.transport
        if transport is not None:
            # The farewell lies behind what was not read: a client that wakes up in time still finds it.
            asyncio.get_running_loop().call_later(ABORT_S, transport.abort)
        try:
            async with asyncio.timeout(GOODBYE_S):
                await self._socket.close(code=code, message=reason.encode())
        except (TimeoutError, ConnectionError):
            pass
        if transport is not None:
            transport.close()

    async def _authenticate(self) -> bool:
        try:
            async with asyncio.timeout(AUTH_S):
                frame = await self._socket.receive()
            if frame.type is not WSMsgType.TEXT:
                return False
            message = decode(frame.data)
        except (TimeoutError, BadJSON):
            return False
        try:
            token = _AUTH(message)["access_token"]
        except vol.Invalid as error:
            await self._refuse(f"Auth message incorrectly formatted: {schema_complaint(error)}")
            return False
        self.credential = await self.hub.auth.credential_for(token)
        if self.credential is None or not allows("guest", self.credential.user):
            self._log.warning("websocket sign-in refused")
            await self._refuse(INVALID_TOKEN)
            return False
        await self._socket.send_json({"type": "auth_ok", "ha_version": COMPATIBLE_VERSION})
        return True

    async def _refuse(self, text: str) -> None:
        await self._socket.send_json({"type": "auth_invalid", "message": text})

    async def _receive(self, text: str) -> bool:
        try:
            received = decode(text)
        except BadJSON:
            await self._socket.close(code=WSCloseCode.INVALID_TEXT, message=b"Not JSON")
            return False
        for message in received if isinstance(received, list) else [received]:
            await self._command(message)
            if not self._is_open:
                return False
        return True

    async def _command(self, message: Any) -> None:
        message_id = message.get("id") if isinstance(message, dict) else None
        kind = message.get("type") if isinstance(message, dict) else None
        if (
            not isinstance(message_id, int)
            or isinstance(message_id, bool)
            or message_id < 1
            or not isinstance(kind, str)
        ):
            self.send(messages.error(message_id, "invalid_format", "Message incorrectly formatted."))
            return
        if message_id <= self._last_id:
            self.send(messages.error(message_id, "id_reuse", "Identifier values have to increase."))
            return
        command = self._find(kind)
        if command is None:
            self.send(messages.error(message_id, "unknown_command", "Unknown command."))
            return
        self._last_id = message_id
        data = {key: value for key, value in message.items() if key not in ("id", "type")}
        await self._slots.acquire()
        self.hub.create_task(self._run(command, message_id, data), f"websocket {kind}")

    async def _run(self, command: WsCommand, message_id: int, data: dict[str, Any]) -> None:
        try:
            frame = await self._result(command, message_id, data)
        finally:
            self._slots.release()
        if frame is not None:
            self.send(frame)

    async def _result(self, command: WsCommand, message_id: int, data: dict[str, Any]) -> bytes | None:
        try:
            if self.credential is None or not allows(command.permission, self.credential.user):
                raise Unauthorized("Unauthorized")
            valid = _validated(command, data)
            result = await command.run(self, message_id, valid)
            return None if result is ANSWERED else messages.result(message_id, result)
        except RegieError as error:
            return messages.error(message_id, _code(error), str(error))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary that answers a failing command
            owner = command.name.partition("/")[0] if "/" in command.name else "core"
            self.hub.faults.report(owner, error, command.name, is_from_request=True)
            return messages.error(message_id, "unknown_error", "Unknown error")

    def _queued(self) -> None:
        if self._outbox.is_full:
            self._is_open = False
            self.hub.create_task(self._cut_off("its queue is full"), "websocket cut-off")
        else:
            self._wake.set()

    async def _cut_off(self, reason: str) -> None:
        self._log.warning("websocket client cut off", reason=reason, user=self.credential and self.credential.user.id)
        self.hub.metrics.cut_off()
        await self.close(WSCloseCode.TRY_AGAIN_LATER, "Too slow: read faster or subscribe to less")

    async def _write(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while batch := self._outbox.take():
                    async with asyncio.timeout(WRITE_S):
                        await self._send_batch(batch)
        except TimeoutError:
            await self._cut_off(f"a write took over {WRITE_S:.0f} s")
        except ConnectionError:
            self._is_open = False
        except Exception as error:  # noqa: BLE001 - what a plugin put into a state may be no JSON at all
            self.hub.faults.report("core", error, "websocket writer")
            await self.close(WSCloseCode.INTERNAL_ERROR, "Something cannot be told")

    async def _send_batch(self, batch: list[bytes]) -> None:
        if self.may_join and len(batch) > 1:
            batch = [b"[%s]" % b",".join(batch)]
        transport = self._request.transport
        if transport is None or self._socket.closed:
            raise ConnectionResetError
        # One write for all of them: through the socket's own method each frame would cost a system call.
        transport.write(b"".join([part for frame in batch for part in (messages.head(len(frame)), frame)]))
        await self._request.writer.drain()


def _validated(command: WsCommand, data: dict[str, Any]) -> Mapping[str, Any]:
    if command.schema is None:
        return data
    try:
        return command.schema(data)  # type: ignore[no-any-return]
    except vol.Invalid as error:
        raise InvalidData(schema_complaint(error)) from error


def _code(error: RegieError) -> str:
    if isinstance(error, CommandRefused):
        return error.code
    codes = ((InvalidData, "invalid_format"), (NotFound, "not_found"), (Unauthorized, "unauthorized"))
    return next((code for kind, code in codes if isinstance(error, kind)), "home_assistant_error")
