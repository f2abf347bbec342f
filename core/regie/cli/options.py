"""From options of a command to settings."""

import argparse

from regie.settings import Settings, load_settings

FLAGS = (
    "data_dir",
    "host",
    "port",
    "database_url",
    "log_level",
    "log_json",
    "url",
    "time_zone",
    "demo",
    "safe",
)


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings, with what the command line gives on top."""
    return load_settings({name: getattr(options, name, None) for name in FLAGS})
