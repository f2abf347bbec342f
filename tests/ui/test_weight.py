"""The first view stays light: all styles and scripts of a page under 100 kB, compressed."""

import gzip
import re
from collections.abc import Awaitable, Callable

from aiohttp import ClientSession

FIRST_VIEW_BYTES = 100_000


async def test_scripts_and_styles_of_the_first_view_are_light_and_kept(
    browser: ClientSession, visit: Callable[[str], Awaitable[str]]
) -> None:
    page = await visit("/")
    addresses = re.findall(r'(?:<link rel="stylesheet" href|<script type="module" src)="([^"]+)"', page)
    modules = ["/x/regie/static/js/live.js?v=1", "/x/regie/static/js/elements.js?v=1"]
    total = 0
    for address in addresses + modules:
        async with browser.get(address) as response:
            assert response.status == 200
            assert "immutable" in response.headers["Cache-Control"]
            total += len(gzip.compress(await response.read()))

    assert len(addresses) >= 6
    assert total < FIRST_VIEW_BYTES
