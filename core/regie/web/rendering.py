"""Templates of every mounted plugin, rendered in the viewer's language, theme and time zone."""

import math
import zlib
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web
from babel import Locale
from babel.messages.catalog import Catalog
from jinja2 import Environment, FileSystemLoader, PrefixLoader
from markupsafe import Markup

from regie.web.assets import file_version
from regie.web.catalogues import SOURCE_LANGUAGE, Messages, choose_language, read_catalogues
from regie.web.formats import Formats
from regie.web.navigation import page_url
from regie.web.router import FRAME_SLUG

LANGUAGE_COOKIE = "regie_language"
THEME_COOKIE = "regie_theme"
THEMES = ("system", "dark", "light")
HUES = 12
FILTERS = ("number", "duration", "clock", "bitrate", "bytes", "datetime", "date", "time", "relative", "iso")
CORE_TRANSLATIONS = Path(__file__).parent.parent / "translations"

Frame = Callable[[web.Request], Mapping[str, Any]]


def utcnow() -> datetime:
    """Now, aware."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class View:
    """What a template needs to know of the one who looks."""

    request: web.Request
    language: str
    messages: Messages
    formats: Formats


@dataclass(frozen=True, slots=True)
class Mount:
    """The folders that one plugin brings."""

    static: Path
    catalogues: Mapping[str, Catalog]


class Renderer:
    """One Jinja environment for all plugins: `<slug>/page.html` is `page.html` in that plugin's `templates/`.

    `frame(request)` gives the variables of the frame (navigation and the like) to whole pages, not to fragments.
    """

    def __init__(
        self,
        time_zone: Callable[[], tzinfo] = lambda: UTC,
        *,
        frame: Frame | None = None,
        now: Callable[[], datetime] = utcnow,
    ) -> None:
        self._time_zone = time_zone
        self._now = now
        self._frame = frame
        self._mounts: dict[str, Mount] = {}
        self._core = read_catalogues(CORE_TRANSLATIONS)
        self._view: ContextVar[View] = ContextVar("view")
        self._versions: dict[Path, tuple[float, str]] = {}
        self._loader = PrefixLoader({})
        self._environment = self._make_environment()

    def mount(self, slug: str, folder: Path) -> Callable[[], None]:
        """Add the `templates/`, `static/` and `translations/` of a plugin's package; what returns takes them away."""
        self._mounts[slug] = Mount(folder / "static", read_catalogues(folder / "translations"))
        loader = FileSystemLoader(folder / "templates")
        self._set_loader(slug, loader)
        # Compiled now, not at the first visit: mistakes show at once, and nobody waits.
        for name in loader.list_templates():
            self._environment.get_template(f"{slug}/{name}")
        return partial(self._unmount, slug)

    def _unmount(self, slug: str) -> None:
        self._mounts.pop(slug, None)
        self._set_loader(slug, None)

    def _set_loader(self, slug: str, loader: FileSystemLoader | None) -> None:
        mapping = {key: value for key, value in self._loader.mapping.items() if key != slug}
        self._loader.mapping = mapping if loader is None else {**mapping, slug: loader}
        if (cache := self._environment.cache) is not None:
            for key in [key for key in cache if key[1].startswith(f"{slug}/")]:
                del cache[key]

    @property
    def languages(self) -> list[str]:
        """Languages that the frame speaks."""
        frame = self._mounts.get(FRAME_SLUG)
        return sorted({SOURCE_LANGUAGE, *(frame.catalogues if frame else self._core)})

    def language(self, request: web.Request) -> str:
        """The viewer's language: their own setting, else this browser's choice, else what the browser accepts."""
        wanted = (getattr(request.get("user"), "language", None), request.cookies.get(LANGUAGE_COOKIE))
        return choose_language(wanted, request.headers.get("Accept-Language", ""), self.languages)

    def messages(self, request: web.Request, slug: str = FRAME_SLUG) -> Messages:
        """The texts of a plugin, then the frame's, then the core's."""
        language = self.language(request)
        mounts = (self._mounts.get(slug), self._mounts.get(FRAME_SLUG))
        layers = [mount.catalogues for mount in mounts if mount] + [self._core]
        return Messages(language, [layer[language] for layer in layers if language in layer])

    def formats(self, request: web.Request) -> Formats:
        """The viewer's notation of numbers and times."""
        return Formats(Locale(self.language(request)), self._time_zone(), self._now)

    async def render(self, request: web.Request, template: str, variables: Mapping[str, Any]) -> str:
        """The template as text. A name that starts with an underscore (`example/_cards.html`) is a fragment."""
        if template.rpartition("/")[2].startswith("_") or self._frame is None:
            return self.fragment(request, template, variables)
        return self.fragment(request, template, {**self._frame(request), **variables})

    def fragment(self, request: web.Request, template: str, variables: Mapping[str, Any]) -> str:
        """The template as text, without the variables of the frame."""
        slug = template.partition("/")[0]
        view = View(request, self.language(request), self.messages(request, slug), self.formats(request))
        token = self._view.set(view)
        try:
            return self._environment.get_template(template).render(
                {"request": request, "user": request.get("user"), "slug": slug, **variables}
            )
        finally:
            self._view.reset(token)

    async def page(
        self, request: web.Request, template: str, variables: Mapping[str, Any], *, status: int = 200
    ) -> web.Response:
        """The template as a response."""
        text = await self.render(request, template, variables)
        return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")

    def static_url(self, slug: str, path: str) -> str:
        """The address of a static file, with a version so that it may be cached for ever; empty if it is not there."""
        mount = self._mounts.get(slug)
        file = mount.static / path if mount else None
        if file is None or not file.is_file():
            return ""
        changed = file.stat().st_mtime
        known, version = self._versions.get(file, (0.0, ""))
        if known != changed:
            version = file_version(file)
            self._versions[file] = changed, version
        return f"/x/{slug}/static/{path}?v={version}"

    def _make_environment(self) -> Environment:
        environment = Environment(
            loader=self._loader,
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        )
        environment.install_gettext_callables(  # type: ignore[attr-defined]
            self._gettext, self._ngettext, newstyle=True
        )
        for name in FILTERS:
            environment.filters[name] = partial(self._format, name)
        environment.filters["hue"] = hue
        environment.filters["ceiling"] = ceiling
        environment.filters["translate"] = self._translate
        environment.globals.update(
            url_for_static=self.static_url,
            csrf_field=self._csrf_field,
            csp_nonce=lambda: str(self._view.get().request.get("csp_nonce", "")),
            page_url=page_url,
            language=lambda: self._view.get().language,
            theme=lambda: theme(self._view.get().request),
            time_zone=lambda: str(self._time_zone()),
        )
        return environment

    def _gettext(self, message: str) -> str:
        return self._view.get().messages.gettext(message)

    def _ngettext(self, one: str, many: str, n: int) -> str:
        return self._view.get().messages.ngettext(one, many, n)

    def _format(self, name: str, value: Any, *args: Any) -> str:
        return str(getattr(self._view.get().formats, name)(value, *args))

    def _translate(self, text: str, slug: str = FRAME_SLUG) -> str:
        """A text that arrives in a variable, such as the title of another plugin's panel."""
        return self.messages(self._view.get().request, slug).gettext(text) if text else ""

    def _csrf_field(self) -> Markup:
        token = self._view.get().request.get("csrf", "")
        return Markup('<input type="hidden" name="_csrf" value="{}">').format(token)


def theme(request: web.Request) -> str:
    """The theme that this browser chose; `system` follows the machine."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else THEMES[0]


def hue(key: object) -> str:
    """A class of the style sheet that gives this name its own colour, the same everywhere."""
    return f"hue-{zlib.crc32(str(key).encode()) % HUES}"


def ceiling(value: float) -> float:
    """The next round number for the top of an axis: 1, 2, 2.5 or 5 times a power of ten; 1 for nothing."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value * (1 - 1e-9))
