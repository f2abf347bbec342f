"""The gate: who asks, whether they may, and what they are told when something fails."""

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from regie.auth import TooManyAttempts, allows
from regie.errors import InvalidData, NotFound, NotReady, RegieError, StorageFull, Unauthorized
from regie.web import security
from regie.web.codec import encode
from regie.web.router import MAX_BODY, Rule

if TYPE_CHECKING:
    from regie.web.app import WebServer

SIGN_IN = "/sign-in"
FIRST_RUN = "/welcome"
ERROR_TEMPLATE = "regie/error.html"
STRANGERS_FORM = 64 * 1024
"""Bytes of a form from somebody who is not signed in: megabytes of fields would take seconds to parse."""
LEAVING = ("STOPPING", "FINAL_WRITE")

_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (TooManyAttempts, 429),
    (Unauthorized, 403),
    (NotFound, 404),
    (InvalidData, 400),
    (StorageFull, 507),
    (NotReady, 503),
    (RegieError, 500),
)


class Gate:
    """Stands in front of every handler. Sets `user`, `session`, `csrf` and `csp_nonce` on the request."""

    def __init__(self, server: "WebServer") -> None:
        self._server = server
        self._hub = server.hub
        self._trusted = security.networks(server.hub.settings.trusted_proxies)
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("regie.web")

    @web.middleware
    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let a request through, or say why not."""
        self._server.arrived(request)
        _note(request, csp_nonce=secrets.token_urlsafe(16), user=None, session=None, csrf="")
        request = security.as_forwarded(request, self._trusted)
        rule = self._server.router.rule(request)
        try:
            security.check_head(request)
            if rule is None:
                if self._hub.state == "STARTING":
                    # Its plugin may not be loaded yet.
                    raise web.HTTPServiceUnavailable(text="The hub is starting", headers={"Retry-After": "2"})
                # No such route: the handler raises 404 or 405. A route without a rule cannot exist, and is none if it does.
                raise request.match_info.http_exception or web.HTTPNotFound
            return await handler(await self._admitted(request, rule))
        except web.HTTPException as error:
            if error.status < 400:
                raise
            return await self._refusal(request, error.status, error.text or error.reason, error.headers)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary that answers a failing handler
            return await self._failure(request, rule, error)

    async def _admitted(self, request: web.Request, rule: Rule) -> web.Request:
        security.check_length(request, rule.max_body)
        if rule.is_anonymous:
            return request
        is_api = _is_api(request)
        if is_api and self._hub.state in LEAVING:
            raise web.HTTPServiceUnavailable(text="The hub is stopping")
        await self._identify(request)
        if not allows(rule.permission, request["user"]):
            raise await self._turned_away(request, is_api=is_api)
        is_strangers_form = request["user"] is None and not is_api
        request = _limited(request, min(rule.max_body, STRANGERS_FORM) if is_strangers_form else rule.max_body)
        await security.check_forgery(request, request["session"], is_page=not is_api)
        if not is_api and request.method not in security.SAFE_METHODS:
            # Or what strangers send would count as faults of the plugin whose page they post to.
            await security.read_form(request)
        if request["session"] is not None:
            self._server.seen_at(request)
        _note(request, plugin=rule.slug, panel=rule.panel)
        return request

    async def _identify(self, request: web.Request) -> None:
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if scheme.lower() == "bearer":
            _note(request, user=await self._hub.auth.user_for_token(token.strip()))
        elif cookie := request.cookies.get(security.COOKIE):
            session = await self._hub.auth.session_for(cookie)
            if session is not None:
                _note(request, session=session, user=session.user, csrf=session.csrf)

    async def _turned_away(self, request: web.Request, *, is_api: bool) -> web.HTTPException:
        if is_api:
            return web.HTTPUnauthorized()
        if request["user"] is not None:
            return web.HTTPForbidden(text="This page is not for your account")
        page = FIRST_RUN if await self._hub.auth.needs_first_run() else SIGN_IN
        if "HX-Request" in request.headers:
            return web.HTTPUnauthorized(headers={"HX-Redirect": page})
        is_safe = request.method in security.SAFE_METHODS
        onward = f"?next={quote(request.path_qs, safe='/')}" if is_safe and request.path != "/" else ""
        return web.HTTPSeeOther(page + onward)

    async def _failure(self, request: web.Request, rule: Rule | None, error: BaseException) -> web.StreamResponse:
        if isinstance(error, RegieError):
            status = next(status for kind, status in _STATUS if isinstance(error, kind))
            headers: dict[str, str] = {}
            if isinstance(error, TooManyAttempts):
                headers[hdrs.RETRY_AFTER] = str(error.retry_after_s)
            return await self._refusal(request, status, str(error), headers)
        if isinstance(error, DBAPIError | PoolTimeoutError):
            self._log.error("database failed", path=request.path, error=str(error))
            return await self._refusal(request, 503, "The database does not answer: try again in a moment")
        owner, where = rule.slug if rule else "core", f"{request.method} {request.path}"
        self._hub.faults.report(owner, error, where, is_from_request=True)
        return await self._refusal(request, 500, "Something failed; the plugin's page says what")

    async def _refusal(
        self, request: web.Request, status: int, text: str, headers: Mapping[str, str] | None = None
    ) -> web.StreamResponse:
        response = await self._refusal_body(request, status, text)
        for name in (hdrs.RETRY_AFTER, hdrs.ALLOW, "HX-Redirect"):
            if headers and name in headers:
                response.headers[name] = headers[name]
        return response

    async def _refusal_body(self, request: web.Request, status: int, text: str) -> web.Response:
        if status == 401:
            return web.Response(status=401, text="401: Unauthorized")
        if _is_api(request) or "text/html" not in request.headers.get(hdrs.ACCEPT, ""):
            return web.Response(status=status, body=encode({"message": text}), content_type="application/json")
        try:
            return await self._server.page(request, ERROR_TEMPLATE, {"status": status, "message": text}, status=status)
        except Exception as error:  # noqa: BLE001 - the page of last resort must not fail
            self._log.debug("no error page", error=str(error))
            return web.Response(status=status, text=text)


def _limited(request: web.Request, limit: int) -> web.Request:
    security.check_length(request, limit)
    return request if limit == MAX_BODY else request.clone(client_max_size=limit)


def _note(request: web.Request, **values: Any) -> None:
    # Plugins read these by plain names; aiohttp warns of such names when they are set, not when they are read.
    request._state.update(values)  # noqa: SLF001


def _is_api(request: web.Request) -> bool:
    return request.path.startswith("/api/")
