"""The command line: `regie run`, and what an administrator does beside it."""

from regie.cli.main import main

__all__ = ["main"]
