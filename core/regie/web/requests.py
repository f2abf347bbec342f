"""Reading bodies and writing JSON, as all our APIs do."""

import asyncio
from typing import Any

from aiohttp import web

from regie.web.codec import BadJSON, decode, encode

BODY_S = 30.0


async def read_json(request: web.Request, complaint: str) -> Any:
    """The body as JSON, whatever its Content-Type says; None when empty. 400 with the complaint when it is not JSON."""
    try:
        async with asyncio.timeout(BODY_S):
            body = await request.read()
        return decode(body) if body.strip() else None
    except BadJSON as error:
        raise web.HTTPBadRequest(text=f"{complaint} ({error})") from error
    except TimeoutError as error:
        raise web.HTTPRequestTimeout(text=f"The body did not arrive within {BODY_S:.0f} s") from error


async def read_object(request: web.Request, invalid: str, not_object: str) -> dict[str, Any]:
    """The body as a JSON object; an empty one when the body is empty."""
    value = await read_json(request, invalid)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise web.HTTPBadRequest(text=not_object)
    return value


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """An answer in JSON."""
    return web.Response(body=encode(value), status=status, content_type="application/json", headers=headers)


def message(text: str, status: int = 200) -> web.Response:
    """A sentence in JSON."""
    return json_response({"message": text}, status)
