"""Cookies as people export them: Netscape text or JSON, read strictly, cut to the site that a job visits."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from http.cookies import Morsel
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractCookieJar
from publicsuffixlist import PublicSuffixList
from yarl import URL

from .errors import CookieFormat

HEADER = "# Netscape HTTP Cookie File"
_HTTP_ONLY = "#HttpOnly_"
_FIELDS = 7
MAX_COOKIES = 5000
MAX_TEXT = 4 * 1024 * 1024
_FLAGS = {"TRUE": True, "FALSE": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """One cookie; `expires` is 0 for the length of a session. Its value never shows in a repr."""

    domain: str
    path: str = "/"
    name: str
    value: str
    expires: int = 0
    is_secure: bool = False
    is_http_only: bool = False
    has_subdomains: bool = False

    def __repr__(self) -> str:
        return f"Cookie(domain={self.domain!r}, name={self.name!r})"


def parse_cookies(text: str) -> list[Cookie]:
    """Read an export in either form; CookieFormat names the line or entry, never a value."""
    if len(text) > MAX_TEXT:
        raise CookieFormat("The text is too long for a cookie file")
    stripped = text.lstrip("\ufeff \r\n\t")
    cookies = _parse_json(stripped) if stripped.startswith(("[", "{")) else _parse_netscape(text.lstrip("\ufeff"))
    if not cookies:
        raise CookieFormat("The text holds no cookie. Export it in Netscape format, or as JSON")
    if len(cookies) > MAX_COOKIES:
        raise CookieFormat(f"The text holds {len(cookies)} cookies, {MAX_COOKIES} are allowed")
    return cookies


def _parse_netscape(text: str) -> list[Cookie]:
    cookies = []
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.removesuffix("\r")
        if not bare.strip() or (bare.startswith("#") and not bare.startswith(_HTTP_ONLY)):
            continue
        cookies.append(_parse_line(bare, f"Line {number}"))
    return cookies


def _parse_line(line: str, where: str) -> Cookie:
    fields = line.removeprefix(_HTTP_ONLY).split("\t")
    if len(fields) != _FIELDS:
        hint = ": were its tabs made into spaces?" if len(line.split()) >= _FIELDS else ""
        raise CookieFormat(f"{where} has {len(fields)} fields, a cookie has {_FIELDS}, parted by tabs{hint}")
    domain, subdomains, path, secure, expires, name, value = fields
    if subdomains.upper() not in _FLAGS or secure.upper() not in _FLAGS:
        raise CookieFormat(f"{where}: the second and fourth field are TRUE or FALSE")
    return _checked(
        where,
        domain=domain,
        has_subdomains=_FLAGS[subdomains.upper()],
        path=path,
        is_secure=_FLAGS[secure.upper()],
        expires=_expiry(expires, where),
        name=name,
        value=value,
        is_http_only=line.startswith(_HTTP_ONLY),
    )


def _parse_json(text: str) -> list[Cookie]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CookieFormat("The text looks like JSON, but is broken; was it copied whole?") from error
    entries = found.get("cookies") if isinstance(found, dict) else found
    if not isinstance(entries, list):
        raise CookieFormat("The JSON is no list of cookies")
    return [_parse_entry(each, f"Cookie {number}") for number, each in enumerate(entries, 1)]


def _parse_entry(entry: Any, where: str) -> Cookie:
    if not isinstance(entry, Mapping) or not all(
        isinstance(entry.get(key), str) for key in ("domain", "name", "value")
    ):
        raise CookieFormat(f"{where} lacks a domain, name or value")
    is_host_only = bool(entry.get("hostOnly", not entry["domain"].startswith(".")))
    return _checked(
        where,
        domain=entry["domain"],
        has_subdomains=not is_host_only,
        path=str(entry.get("path") or "/"),
        is_secure=bool(entry.get("secure")),
        expires=_expiry(entry.get("expirationDate", entry.get("expires")) or 0, where),
        name=entry["name"],
        value=entry["value"],
        is_http_only=bool(entry.get("httpOnly")),
    )


def _expiry(value: object, where: str) -> int:
    try:
        seconds = float(str(value) or 0)
    except ValueError as error:
        raise CookieFormat(f"{where}: the expiry is no time") from error
    if not math.isfinite(seconds):
        raise CookieFormat(f"{where}: the expiry is no time")
    return max(int(seconds), 0)


def _checked(where: str, **fields: Any) -> Cookie:
    for key in ("domain", "path", "name", "value"):
        if any(ord(char) < 32 or ord(char) == 127 for char in fields[key]):
            raise CookieFormat(f"{where}: its {key} holds a control character")
    fields["domain"] = fields["domain"].lstrip(".").lower()
    if not fields["domain"] or not fields["path"].startswith("/") or " " in fields["domain"]:
        raise CookieFormat(f"{where}: its domain or path is malformed")
    return Cookie(**fields)


def to_netscape(cookies: Iterable[Cookie]) -> str:
    """The text that yt-dlp and browsers read; `#HttpOnly_` is kept."""
    lines = [HEADER]
    for each in cookies:
        flags = ("TRUE" if each.has_subdomains else "FALSE", "TRUE" if each.is_secure else "FALSE")
        domain = f".{each.domain}" if each.has_subdomains else each.domain
        prefix = _HTTP_ONLY if each.is_http_only else ""
        fields = (f"{prefix}{domain}", flags[0], each.path, flags[1], str(each.expires), each.name, each.value)
        lines.append("\t".join(fields))
    return "\n".join(lines) + "\n"


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def site_of(host: str) -> str:
    """The registrable domain that a host belongs to (`example.co.uk`), or the host itself where there is none."""
    bare = host.strip(".").lower()
    if ":" in bare or bare.rpartition(".")[2].isdigit():  # an IP address: its parts are no labels
        return bare
    return _suffixes().privatesuffix(bare) or bare


def cookies_for(cookies: Iterable[Cookie], url: str, *, now: float) -> list[Cookie]:
    """Those of the address's site that have not expired: a job sees no others."""
    jar = list(cookies)
    if not jar:  # the list of public suffixes takes a while to load
        return []
    site = site_of(urlsplit(url).hostname or "")
    return [each for each in jar if site_of(each.domain) == site and (not each.expires or each.expires > now)]


def merged(old: Iterable[Cookie], new: Iterable[Cookie]) -> list[Cookie]:
    """The jar after a job: what the site set replaces what we had; HttpOnly, which yt-dlp drops, is kept."""
    jar = {(each.domain, each.path, each.name): each for each in old}
    for each in new:
        key = (each.domain, each.path, each.name)
        was_http_only = key in jar and jar[key].is_http_only
        jar[key] = replace(each, is_http_only=each.is_http_only or was_http_only)
    return list(jar.values())


def to_jar(cookies: Iterable[Cookie]) -> AbstractCookieJar:
    """A jar for the direct path, which gives each host its own only."""
    # Values go out as the browser had them; quoting would change those with commas or quotes.
    jar = aiohttp.CookieJar(unsafe=True, quote_cookie=False)
    for each in cookies:
        jar.update_cookies({each.name: _morsel(each)}, URL.build(scheme="https", host=each.domain, path=each.path))
    return jar


def _morsel(cookie: Cookie) -> "Morsel[str]":
    morsel: Morsel[str] = Morsel()
    morsel.set(cookie.name, cookie.value, cookie.value)
    morsel["path"] = cookie.path
    morsel["domain"] = cookie.domain if cookie.has_subdomains else ""
    morsel["secure"] = cookie.is_secure
    return morsel


@dataclass(frozen=True, slots=True)
class Summary:
    """What may be shown of a jar."""

    site: str
    count: int
    first_expiry: int


def summarise(cookies: Iterable[Cookie]) -> list[Summary]:
    """Sites, counts and the first expiry of each: never a name or value."""
    sites: dict[str, list[Cookie]] = {}
    for each in cookies:
        sites.setdefault(site_of(each.domain), []).append(each)
    return [
        Summary(site, len(jar), min((each.expires for each in jar if each.expires), default=0))
        for site, jar in sorted(sites.items())
    ]
