"""Removes plugins with pip, in a process of its own."""

import asyncio
import sys

from regie.errors import ServiceError

LIMIT_S = 120.0


async def uninstall(distribution: str) -> None:
    """Let pip uninstall a distribution; raises ServiceError with the end of what pip said."""
    command = [sys.executable, "-m", "pip", "uninstall", "--yes", "--disable-pip-version-check", distribution]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, stdin=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise ServiceError(f"pip did not finish within {LIMIT_S:.0f} s") from None
    if process.returncode != 0:
        raise ServiceError(f"pip could not uninstall {distribution}: {output.decode(errors='replace')[-500:].strip()}")
