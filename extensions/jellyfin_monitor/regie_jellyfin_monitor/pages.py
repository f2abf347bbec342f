"""The pages: live, history, one play, statistics; and the dashboard's card."""

import json
import time
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from babel import Locale, UnknownLocaleError

from regie.api import PluginContext, RegieError
from regie.roles import MediaServer, StreamShape

from . import charts, history, live, statistics
from .codec import from_plain
from .history import Filter
from .models import METHODS
from .monitor import Monitor, measure_of
from .rollups import day_number, day_of, day_start
from .statistics import Window

RANGES = {"7": 7, "30": 30, "365": 365, "all": None}
RANKED = 8


class Pages:
    """Handlers, which answer the variables of their templates."""

    def __init__(self, monitor: Callable[[], Monitor]) -> None:
        self._find = monitor

    @property
    def _monitor(self) -> Monitor:
        return self._find()

    @property
    def _ctx(self) -> PluginContext:
        return self._find().ctx

    async def live(self, _: web.Request) -> Mapping[str, Any]:
        """Who watches what now, when people watch, and what was played last."""
        servers = await self._server_numbers()
        async with self._ctx.read() as connection:
            heat = await statistics.heatmap(connection, self._window(servers, 90))
            users = await statistics.top_users(connection, self._window(servers, 30), limit=5)
            latest = await history.page(connection, Filter(servers), limit=6)
        return await self._streams() | {
            "servers": [_server(watch.server) for watch in self._monitor.watches.values()],
            "heat": [[round(seconds / 3600, 1) for seconds in row] for row in heat],
            "top_users": users,
            "latest": latest.plays,
            "measure": "hours",
        }

    async def cards(self, request: web.Request) -> web.Response:
        """The live page's moving part."""
        return await self._fragment(request, "_cards.html", await self._streams())

    async def history(self, request: web.Request) -> Mapping[str, Any] | web.StreamResponse:
        """Stored plays; with HX-Request, the next rows alone."""
        servers = await self._server_numbers()
        query = request.query
        wanted = self._filter(query, servers)
        async with self._ctx.read() as connection:
            found = await history.page(connection, wanted, _place(query.get("before", "")))
            choices = await history.choices(connection, servers)
        asked = {name: value for name, value in query.items() if value and name != "before"}
        more = urlencode(asked | {"before": ",".join(map(str, found.before))}) if found.before else ""
        variables = {"plays": found.plays, "more": more, "country_name": country_name}
        if request.headers.get("HX-Request"):
            return await self._fragment(request, "_rows.html", variables)
        return variables | {"choices": choices, "methods": METHODS, "asked": asked, "continued": "before" in query}

    async def play(self, request: web.Request) -> web.Response:
        """One play with its timeline."""
        try:
            play_id = int(request.match_info["play"])
        except ValueError:
            raise web.HTTPNotFound from None
        async with self._ctx.read() as connection:
            found = await history.details(connection, play_id) if 0 < play_id < 2**31 else None
        if found is None:
            raise web.HTTPNotFound(text="This play is not in the history any more")
        shape = from_plain(StreamShape, json.loads(found.play["plain"]))
        shapes = {key: from_plain(StreamShape, json.loads(plain)) for key, plain in found.shapes.items()}
        variables = {
            "play": found.play,
            "chain": live.chain(shape),
            "reasons": [live.reason_text(reason) for reason in shape.reasons],
            "hardware": shape.hardware,
            "timeline": _timeline(found, shapes),
            "group": found.group,
            "country_name": country_name,
            "attribution": self._monitor.attribution,
        }
        text = await self._ctx.render(request, f"{self._ctx.slug}/play.html", variables)
        return web.Response(text=text, content_type="text/html")

    async def statistics(self, request: web.Request) -> Mapping[str, Any]:
        """Sums, columns, heat and rankings of a range."""
        asked = request.query.get("range", "30")
        asked = asked if asked in RANGES else "30"
        measure = measure_of(request.query.get("measure"))
        window = self._window(await self._server_numbers(), RANGES[asked])
        async with self._ctx.read() as connection:
            days = await (statistics.per_month if window.first is None else statistics.per_day)(connection, window)
            heat = await statistics.heatmap(connection, window, measure)
            totals = await statistics.totals(connection, window)
            rankings = {
                "users": await statistics.top_users(connection, window, measure, RANKED),
                "films": await statistics.top_items(connection, window, "movie", measure, RANKED),
                "series": await statistics.top_items(connection, window, "series", measure, RANKED),
                "tracks": await statistics.top_items(connection, window, "track", measure, RANKED),
            }
            for dim in ("device", "country", "client", "resolution", "reason"):
                rankings[dim] = await statistics.top_of(connection, window, dim, measure, RANKED)
        step, columns = charts.columns(days, window, measure)
        shown = heat if measure == "plays" else [[round(seconds / 3600, 1) for seconds in row] for row in heat]
        shares = charts.shares(days, measure)
        return {
            "range": asked,
            "ranges": list(RANGES),
            "measure": measure,
            "totals": totals,
            "step": step,
            "columns": columns,
            "length": (window.last - window.first + 1) if window.first is not None else _length(days, window),
            "shares": [round(shares.get(method, 0), 1) for method in range(len(METHODS))],
            "heat": shown,
            "rankings": rankings,
            "reason_text": live.reason_text,
            "country_name": country_name,
            "attribution": self._monitor.attribution,
        }

    async def card(self, _: web.Request) -> Mapping[str, Any]:
        """What the dashboard shows of us."""
        servers = await self._server_numbers()
        window = self._window(servers, 14)
        async with self._ctx.read() as connection:
            days = await statistics.per_day(connection, window)
        hours = [
            round(sum(one.watch_s for one in days.get(day, {}).values()) / 3600, 1)
            for day in range(window.first or 0, window.last + 1)
        ]
        return await self._streams() | {"hours": hours, "entity": self._monitor.watched_today.entity_id}

    async def card_again(self, request: web.Request) -> web.Response:
        """The dashboard's card, when something changed."""
        return await self._fragment(request, "_card_body.html", await self.card(request))

    async def message(self, request: web.Request) -> web.Response:
        """A text for the one who watches."""
        form = await request.post()
        text = str(form.get("text", "")).strip()[:500]
        return await self._acted(request, "message", text) if text else _back("message_empty")

    async def stop(self, request: web.Request) -> web.Response:
        """The end of a stream."""
        form = await request.post()
        return await self._acted(request, "stop", str(form.get("text", "")).strip()[:500])

    async def sync(self, _: web.Request) -> web.Response:
        """Libraries and people brought up to date, in the background."""
        await self._monitor.sync()
        return _back("sync_queued")

    async def _acted(self, request: web.Request, act: str, text: str) -> web.Response:
        stream = request.match_info["stream"]
        try:
            if act == "message":
                await self._monitor.message(stream, text)
            else:
                await self._monitor.stop(stream, text)
        except RegieError as error:
            self._ctx.log.info("a stream could not be reached", act=act, error=str(error))
            return _back(f"{act}_failed")
        return _back(f"{act}_done")

    async def _fragment(self, request: web.Request, template: str, variables: Mapping[str, Any]) -> web.Response:
        text = await self._ctx.render(request, f"{self._ctx.slug}/{template}", variables)
        return web.Response(text=text, content_type="text/html")

    async def _streams(self) -> dict[str, Any]:
        """The streams of the live store, each with its position as it is now."""
        now = time.time()
        streams = [
            dict(stream) | {"position_now_s": position_now(stream, now), "now": now}
            for stream in (await self._ctx.live.items("stream/")).values()
        ]
        streams.sort(key=lambda stream: stream["started"])
        return {
            "streams": streams,
            "transcodes": sum(stream["method"] == "transcode" for stream in streams),
            "kbps": sum(stream["bitrate_kbps"] or 0 for stream in streams),
            "is_watched": bool(self._monitor.watches),
            "country_name": country_name,
            "attribution": self._monitor.attribution if any(one["country"] for one in streams) else "",
        }

    async def _server_numbers(self) -> tuple[int, ...]:
        return tuple((await self._monitor.server_ids()).values())

    def _window(self, servers: tuple[int, ...], days: int | None) -> Window:
        today = day_of(time.time(), self._monitor.store.zone)
        return Window(servers, None if days is None else today - days + 1, today)

    def _filter(self, query: Mapping[str, str], servers: tuple[int, ...]) -> Filter:
        zone = self._monitor.store.zone
        since, until = _day(query.get("from", "")), _day(query.get("to", ""))
        return Filter(
            servers,
            user_id=_number(query.get("user", "")),
            library_id=_number(query.get("library", "")),
            method=METHODS.index(query["method"]) if query.get("method") in METHODS else None,
            text=query.get("text", "").strip()[:100],
            since=None if since is None else day_start(since, zone),
            until=None if until is None else day_start(until + 1, zone),
        )


def position_now(stream: Mapping[str, Any], now: float) -> float:
    """Where a stream is now, by its last evidence."""
    position = float(stream["position_s"] or 0)
    if not stream["paused"]:
        position += max(0.0, now - float(stream["at"]))
    return min(position, float(stream["runtime_s"])) if stream["runtime_s"] else position


def country_name(code: str, language: str) -> str:
    """A country's name in a language; its code when unknown."""
    try:
        return str(Locale.parse(language).territories.get(code, code))
    except (UnknownLocaleError, ValueError):
        return code


def _length(days: charts.Days, window: Window) -> int:
    """The days of an open window, from its first play on."""
    return window.last - min(days, default=window.last) + 1


def _server(server: MediaServer) -> dict[str, Any]:
    status = server.status
    return {
        "name": server.name,
        "version": server.version,
        "state": status.state,
        "reason": status.reason,
        "last_event": status.last_event,
    }


def _timeline(found: history.Details, shapes: Mapping[int, StreamShape]) -> list[dict[str, Any]]:
    """The spans with their length and share of the play; an imported play has none."""
    if not found.spans:
        return []
    stopped, whole = found.play["stopped"], max(1, found.play["stopped"] - found.play["started"])
    ends = [*(span["at"] for span in found.spans[1:]), *([stopped] if found.spans else [])]
    return [
        dict(span)
        | {
            "seconds": max(0, end - span["at"]),
            "left": 100 * (span["at"] - found.play["started"]) / whole,
            "share": 100 * max(0, end - span["at"]) / whole,
            "method": shapes[span["shape_id"]].method,
            "reasons": [live.reason_text(reason) for reason in shapes[span["shape_id"]].reasons],
        }
        for span, end in zip(found.spans, ends, strict=True)
    ]


def _back(said: str) -> web.Response:
    return web.Response(status=303, headers={"Location": f"/x/jellyfin_monitor/live?{urlencode({'act': said})}"})


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _place(text: str) -> tuple[int, int] | None:
    started, _, play_id = text.partition(",")
    if not (started.isascii() and started.isdigit() and len(started) < 14):
        return None
    number = _number(play_id)
    return None if number is None else (int(started), number)


def _day(text: str) -> int | None:
    try:
        on = date.fromisoformat(text)
    except ValueError:
        return None
    return day_number(on) if 1970 < on.year < 2200 else None
