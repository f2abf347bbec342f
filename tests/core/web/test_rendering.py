"""Templates of several plugins in one environment."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from jinja2 import TemplateNotFound, TemplateSyntaxError

from regie.web.rendering import Renderer, ceiling, hue, theme


@pytest.fixture
def renderer() -> Renderer:
    return Renderer(lambda: UTC, now=lambda: datetime(2026, 11, 20, tzinfo=UTC))


def _package(folder: Path, **templates: str) -> Path:
    (folder / "templates").mkdir(parents=True)
    for name, text in templates.items():
        (folder / "templates" / f"{name}.html").write_text(text)
    return folder


def _request(**headers: str) -> web.Request:
    return make_mocked_request("GET", "/", headers={key.replace("_", "-"): value for key, value in headers.items()})


async def test_a_plugins_templates_come_and_go_with_it(renderer: Renderer, tmp_path: Path) -> None:
    undo = renderer.mount("one", _package(tmp_path / "old", page="old"))
    assert await renderer.render(_request(), "one/page.html", {}) == "old"
    undo()
    with pytest.raises(TemplateNotFound):
        await renderer.render(_request(), "one/page.html", {})

    renderer.mount("one", _package(tmp_path / "new", page="new"))
    assert await renderer.render(_request(), "one/page.html", {}) == "new"


async def test_variables_are_escaped(renderer: Renderer, tmp_path: Path) -> None:
    renderer.mount("one", _package(tmp_path, page="{{ name }}"))

    assert await renderer.render(_request(), "one/page.html", {"name": "<b>"}) == "&lt;b&gt;"


async def test_pages_get_the_frame_and_fragments_do_not(tmp_path: Path) -> None:
    asked = []
    renderer = Renderer(frame=lambda request: asked.append(request) or {"where": "frame"})
    renderer.mount("one", _package(tmp_path, page="{{ where }}", _part="{{ where }}"))

    assert await renderer.render(_request(), "one/page.html", {}) == "frame"
    assert await renderer.render(_request(), "one/_part.html", {}) == ""
    assert len(asked) == 1


async def test_each_plugin_speaks_from_its_own_catalogue(renderer: Renderer, tmp_path: Path) -> None:
    folder = _package(tmp_path, page="{{ _('Room %(name)s', name=name) }}")
    (folder / "translations").mkdir()
    (folder / "translations" / "fr.po").write_text('msgid "Room %(name)s"\nmsgstr "Salle %(name)s"\n')
    renderer.mount("regie", folder)

    french = await renderer.render(_request(Accept_Language="fr"), "regie/page.html", {"name": "<1>"})
    english = await renderer.render(_request(Accept_Language="en"), "regie/page.html", {"name": "<1>"})

    assert (french, english) == ("Salle &lt;1&gt;", "Room &lt;1&gt;")


def test_a_template_with_a_mistake_is_refused_when_its_plugin_is_mounted(renderer: Renderer, tmp_path: Path) -> None:
    with pytest.raises(TemplateSyntaxError):
        renderer.mount("one", _package(tmp_path, page="{% if %}"))


def test_static_files_have_a_version_that_follows_their_content(renderer: Renderer, tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    file = tmp_path / "static" / "a.css"
    file.write_text("one")
    renderer.mount("one", tmp_path)
    first = renderer.static_url("one", "a.css")
    file.write_text("another")

    assert first.startswith("/x/one/static/a.css?v=")
    assert renderer.static_url("one", "a.css") != first
    assert renderer.static_url("one", "missing.css") == ""
    assert renderer.static_url("nobody", "a.css") == ""


@pytest.mark.parametrize(
    ("cookie", "chosen"), [("dark", "dark"), ("light", "light"), ("<b>", "system"), ("", "system")]
)
def test_a_theme_is_one_that_we_know(cookie: str, chosen: str) -> None:
    assert theme(_request(Cookie=f"regie_theme={cookie}")) == chosen


@pytest.mark.parametrize(("value", "top"), [(0, 1), (0.3, 0.5), (1, 1), (7, 10), (21, 25), (266, 500), (1000, 1000)])
def test_an_axis_ends_at_a_round_number(value: float, top: float) -> None:
    assert ceiling(value) == pytest.approx(top)


def test_a_name_has_the_same_colour_everywhere() -> None:
    assert hue("Alice") == hue("Alice")
    assert len({hue(f"person {number}") for number in range(200)}) == 12
