"""`regie plugin`."""

import argparse
from pathlib import Path

from regie.plugins.discovery import discover
from regie.plugins.scaffold import write_plugin


def list_plugins(_options: argparse.Namespace) -> None:
    """Print what is installed, with what keeps it from running."""
    for candidate in discover():
        print(f"{candidate.slug}\t{candidate.version}\t{candidate.distribution}\t{candidate.problem}".rstrip())


def new(options: argparse.Namespace) -> None:
    """Write a new plugin."""
    folder = write_plugin(options.slug, Path(options.into))
    print(f"{folder} is a working plugin. Build and install it with: pip install {folder}")
