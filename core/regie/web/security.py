"""What every request must pass and every answer carries."""

import hmac
import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from regie.auth import Session
from regie.errors import ConfigError

COOKIE = "regie_session"
CSRF_FIELD = "_csrf"
CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
COOKIE_S = 365 * 86_400
"""The browser keeps the cookie longer than the session lasts; the session decides."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_HOST = re.compile(r"[A-Za-z0-9._-]{1,255}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")
_LOCAL_PATH = re.compile(r"/(?:[A-Za-z0-9._~!$&'()*+,;=:@%-][A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?")
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


def content_security_policy(nonce: str) -> str:
    """Only our own files run; the one inline script a page may hold (its import map) carries the nonce."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce}'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "media-src 'self' blob:",
            "worker-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Headers of every answer; a handler that set one of its own keeps it."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", content_security_policy(request.get("csp_nonce", "")))
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    # Not `no-referrer`: browsers would then send `Origin: null` with our own forms.
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault(hdrs.CACHE_CONTROL, "private, no-cache")
    headers[hdrs.SERVER] = ""


def check_head(request: web.Request) -> None:
    """Refuse what no honest client sends, before any work is done."""
    # Asked first: without the header aiohttp would look our own name up, and wait for it.
    if hdrs.HOST not in request.headers or not _HOST.fullmatch(request.host):
        raise web.HTTPBadRequest(text="The Host header is not a host")
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").strip().lower() != "identity":
        raise web.HTTPUnsupportedMediaType(text="Compressed requests are not taken: send the body as it is")


def check_length(request: web.Request, limit: int) -> None:
    """Refuse a body that announces itself as too long."""
    if (request.content_length or 0) > limit:
        raise web.HTTPRequestEntityTooLarge(
            max_size=limit,
            actual_size=request.content_length or 0,
            text=f"The body is too large: at most {limit} bytes",
        )


def is_same_origin(request: web.Request) -> bool | None:
    """Whether our own page sent this; None when the client does not say (programs, old browsers)."""
    # Browsers send Sec-Fetch-Site only to https and localhost, so Origin remains the rule at home.
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        return None
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc.lower() == request.host.lower()


async def check_forgery(request: web.Request, session: Session | None, *, is_page: bool) -> None:
    """Refuse a change that another site started with our visitor's cookie."""
    if request.method in SAFE_METHODS or (session is None and not is_page):
        return
    is_ours = is_same_origin(request)
    if is_ours is None and session is not None:
        is_ours = hmac.compare_digest((await _sent_token(request)).encode("utf-8", "replace"), session.csrf.encode())
    if is_ours is False:
        raise web.HTTPForbidden(text="This came from another site or an old page: open the page again")


async def _sent_token(request: web.Request) -> str:
    if CSRF_HEADER in request.headers:
        return request.headers[CSRF_HEADER]
    await read_form(request)
    field = (await request.post()).get(CSRF_FIELD, "")
    return field if isinstance(field, str) else ""


async def read_form(request: web.Request) -> None:
    """Read the form of a request, if it is one, for those who ask for it later; 400 when it is none that can be read."""
    if request.content_type not in _FORMS:
        return
    try:
        await request.post()
    except (web.HTTPException, OSError):
        raise
    except Exception as error:
        # aiohttp's reader raises half a dozen kinds, none of them a fault of ours.
        raise web.HTTPBadRequest(text="The form cannot be read") from error


def is_local(request: web.Request) -> bool:
    """Whether a person or program on this machine asks us directly.

    A proxy on this machine, or a site whose name was re-bound to it, looks the same at the socket: the headers tell.
    """
    if any(name in request.headers for name in _FORWARDED):
        return False
    host = request.host.rpartition(":")[0] if not request.host.endswith("]") and ":" in request.host else request.host
    return _is_loopback(request.remote or "") and (host == "localhost" or _is_loopback(host.strip("[]")))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def local_path(path: object, fallback: str = "/") -> str:
    """A path of this site to go on to; anything else (another site, a scheme, a trick) becomes the fallback."""
    return path if isinstance(path, str) and _LOCAL_PATH.fullmatch(path) and len(path) < 2000 else fallback


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and networks, parsed; raises ConfigError."""
    found = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text, strict=False))
        except ValueError as error:
            raise ConfigError(
                f"REGIE_TRUSTED_PROXIES names {text!r}: give addresses such as 172.18.0.2 or networks such as 172.18.0.0/16"
            ) from error
    return tuple(found)


def as_forwarded(request: web.Request, trusted: tuple[Network, ...]) -> web.Request:
    """The request as the person sent it, when a listed proxy passed it on; else as it came."""
    if not trusted or not _is_in(request.remote or "", trusted):
        return request
    changes: dict[str, str] = {}
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    if client := next((hop for hop in reversed(hops) if not _is_in(hop, trusted)), None):
        changes["remote"] = client
    if (scheme := request.headers.get("X-Forwarded-Proto", "")) in ("http", "https"):
        changes["scheme"] = scheme
    if host := request.headers.get("X-Forwarded-Host", ""):
        changes["host"] = host
    return request.clone(**changes) if changes else request  # type: ignore[arg-type]


def _is_in(address: str, trusted: tuple[Network, ...]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in trusted)


def remember(response: web.StreamResponse, request: web.Request, session: Session) -> None:
    """Give the browser the cookie of its session."""
    response.set_cookie(
        COOKIE, session.cookie, max_age=COOKIE_S, path="/", secure=request.secure, httponly=True, samesite="Lax"
    )


def forget(response: web.StreamResponse, request: web.Request) -> None:
    """Take the cookie back."""
    response.del_cookie(COOKIE, path="/", secure=request.secure, httponly=True, samesite="Lax")
