"""A tree of elements, written as XML or as the JSON that Last.fm makes of it."""

import json
import re
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

Value = str | int

# Characters that no XML document may hold, however they are written.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Node:
    """An element. `is_list` keeps it a JSON array even when it stands alone; numbers stay numbers in JSON."""

    name: str
    text: Value = ""
    attributes: dict[str, Value] = field(default_factory=dict)
    children: tuple["Node", ...] = ()
    is_list: bool = False


def to_xml(node: Node) -> str:
    """The element as XML."""
    attributes = "".join(f" {name}={quoteattr(_clean(value))}" for name, value in node.attributes.items())
    inner = "".join(to_xml(child) for child in node.children) if node.children else escape(_clean(node.text))
    return f"<{node.name}{attributes}>{inner}</{node.name}>"


def _clean(value: Value) -> str:
    return _FORBIDDEN.sub("\ufffd", str(value))


def to_json(node: Node) -> str:
    """The element as JSON, under its name."""
    return json.dumps({node.name: _json(node)}, ensure_ascii=False)


def _json(node: Node) -> object:
    if not node.children:
        return node.attributes | {"#text": node.text} if node.attributes else node.text
    same: dict[str, list[Node]] = {}
    for child in node.children:
        same.setdefault(child.name, []).append(child)
    grouped = {
        name: [_json(one) for one in nodes] if len(nodes) > 1 or nodes[0].is_list else _json(nodes[0])
        for name, nodes in same.items()
    }
    return grouped | ({"@attr": node.attributes} if node.attributes else {})
