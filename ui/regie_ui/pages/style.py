"""The style page: every part with the code that writes it."""

import inspect
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web

from regie_ui.access import show

TEMPLATE = Path(__file__).parent.parent / "templates" / "style.html"
SPECIMEN = re.compile(r"\{% call specimen\((\d+)[^%]*%\}\n(.*?)\{% endcall %\}", re.DOTALL)


async def style(request: web.Request) -> web.Response:
    """Sample data for all macros; the code beside each is the template's own text."""
    now = datetime.now(UTC)
    variables = {
        "code": {int(number): inspect.cleandoc(text) for number, text in SPECIMEN.findall(TEMPLATE.read_text())},
        "now": now,
        "then": now - timedelta(minutes=4),
        "points": [4, 6, 5, 9, 7, 8, 12, 9, 13, 11, 9, 10],
        "days": [{"label": f"{day}", "values": [day % 7 + 2, day % 3, (day * day) % 5]} for day in range(1, 31)],
        "week": [[max(0, 12 - abs(hour - 20 + row // 5)) * (1 + row // 5) for hour in range(24)] for row in range(7)],
    }
    return await show(request, "style.html", variables)
