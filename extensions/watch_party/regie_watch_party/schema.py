"""The protocol as JSON Schema, for clients in other languages; `python -m regie_watch_party.schema` writes the file."""

import json
from pathlib import Path
from typing import Any, get_args

from regie_watch_party.protocol import VERSION, Inbound, Outbound
from regie_watch_party.validation import INTEGER_LIMIT, describe

PATH = Path(__file__).parent / "data" / "schema.json"


def schema() -> dict[str, Any]:
    """Both directions: `#/$defs/inbound` is what a member sends, `#/$defs/outbound` what a room sends."""
    definitions: dict[str, Any] = {}
    inbound = [_envelope(kind, definitions) for kind in get_args(Inbound)]
    outbound = [_envelope(kind, definitions) for kind in get_args(Outbound)]
    directions = {"inbound": {"oneOf": inbound}, "outbound": {"oneOf": outbound}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Regie watch party",
        "description": "One WebSocket message. Times are seconds; fields that are not listed are ignored.",
        "anyOf": [{"$ref": "#/$defs/inbound"}, {"$ref": "#/$defs/outbound"}],
        "$defs": directions | dict(sorted(definitions.items())),
    }


def text() -> str:
    """The schema as it stands in the file."""
    return json.dumps(schema(), indent=2) + "\n"


def _envelope(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    identifier = {"type": ["string", "null"], "minLength": 1, "maxLength": 128}
    count = {"type": "integer", "minimum": 0, "maximum": INTEGER_LIMIT}
    return {
        "type": "object",
        "properties": {
            "type": {"const": kind.TYPE},
            "room": identifier,
            "client": identifier,
            "payload": describe(kind, definitions),
            "ts": {"type": "number"},
            "v": {"const": VERSION},
            "seq": count,
            "epoch": count,
        },
        "required": ["type", "payload"],
    }


if __name__ == "__main__":
    PATH.write_text(text())
