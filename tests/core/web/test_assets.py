from pathlib import Path

import pytest
from aiohttp import ClientSession

from regie.testing.hub import TestHub
from regie.web.assets import Assets, file_version


@pytest.fixture
def mounted(hub: TestHub, tmp_path: Path) -> TestHub:
    """A hub with static files below `/x/drawn/static/`."""
    static = tmp_path / "drawn" / "static"
    (static / "js").mkdir(parents=True)
    (static / "js" / "live.js").write_text("export const a = 1;\n" * 200)
    (static / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    (tmp_path / "secret.txt").write_text("secret")
    (static / "out.txt").symlink_to(tmp_path / "secret.txt")
    hub.web.mount("drawn", [], [], tmp_path / "drawn")
    return hub


async def test_a_pinned_file_is_kept_for_ever_and_others_are_asked_for_again(
    mounted: TestHub, anyone: ClientSession, tmp_path: Path
) -> None:
    path = "/x/drawn/static/js/live.js"
    address = mounted.web.pages.static_url("drawn", "js/live.js")
    assert address == f"{path}?v={file_version(tmp_path / 'drawn' / 'static' / 'js' / 'live.js')}"
    async with anyone.get(address) as answer:
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.content_type == "text/javascript"
        assert answer.headers["Content-Encoding"] == "gzip"
        assert (await answer.text()).startswith("export const a")
    async with anyone.get(path) as answer:
        assert answer.headers["Cache-Control"] == "public, no-cache"
        etag = answer.headers["ETag"]
    async with anyone.get(path, headers={"If-None-Match": etag}) as answer:
        assert answer.status == 304


@pytest.mark.usefixtures("mounted")
async def test_a_version_that_is_not_the_files_is_not_kept_for_ever(anyone: ClientSession) -> None:
    async with anyone.get("/x/drawn/static/js/live.js?v=000000000000") as answer:
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "public, no-cache")


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "%2e%2e/secret.txt",
        "..%2fsecret.txt",
        "js/..%2f..%2f..%2fsecret.txt",
        "out.txt",
        "js",
        "%00",
        "/etc/passwd",
    ],
)
async def test_nothing_outside_the_folder_is_served(mounted: TestHub, anyone: ClientSession, path: str) -> None:
    assert mounted.state == "RUNNING"
    from yarl import URL

    base = f"http://127.0.0.1:{mounted.web.port}/x/drawn/static/"
    async with anyone.get(URL(base + path, encoded=True)) as answer:
        assert answer.status == 404
        assert "secret" not in await answer.text()


@pytest.mark.usefixtures("mounted")
async def test_a_drawing_opened_by_itself_runs_nothing(anyone: ClientSession) -> None:
    async with anyone.get("/x/drawn/static/logo.svg") as answer:
        assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_folder_that_is_not_there_has_no_files(tmp_path: Path) -> None:
    assert Assets(tmp_path / "none")._files == {}
    assert Assets(None)._files == {}
