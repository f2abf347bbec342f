"""The document of an automation: YAML with triggers, conditions and actions, and errors that name their line."""

from collections.abc import Mapping, Sequence
from typing import Any

import voluptuous as vol
import yaml

from regie.automation.templates import check_template
from regie.errors import InvalidData
from regie.states.state import is_entity_id

MODES = ("single", "restart", "queued", "parallel")
MAX_TEXT = 100_000


def _entity_id(value: Any) -> str:
    if not isinstance(value, str) or not is_entity_id(value.lower()):
        raise vol.Invalid("expected an entity id such as media_player.living_room")
    return value.lower()


def _entity_ids(value: Any) -> list[str]:
    return [_entity_id(one) for one in (value if isinstance(value, list) else [value])]


def _texts(value: Any) -> list[str]:
    """States are texts; YAML reads `on` as true and `3` as a number."""
    words = {True: "on", False: "off"}
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str | int | float) for one in values):
        raise vol.Invalid("expected a state or a list of states")
    return [words[one] if isinstance(one, bool) else str(one) for one in values]


def _service(value: Any) -> str:
    if not isinstance(value, str) or not is_entity_id(value.lower()):
        raise vol.Invalid("expected a service such as jellyfin.message")
    return value.lower()


def _templates(value: Any) -> Any:
    """Nested data whose texts may be templates."""
    if isinstance(value, str):
        return check_template(value)
    if isinstance(value, Mapping):
        return {key: _templates_at(key, item) for key, item in value.items()}
    return [_templates_at(position, item) for position, item in enumerate(value)] if isinstance(value, list) else value


def _templates_at(place: Any, value: Any) -> Any:
    try:
        return _templates(value)
    except vol.Invalid as error:
        error.prepend([place])
        raise


def _listed(item: Any) -> vol.All:
    return vol.All(lambda value: value if isinstance(value, list) else [value], [item])


def _by_key(key: str, schemas: Mapping[str, vol.Schema | vol.All]) -> Any:
    """Choose the schema by the value of one key, so that errors speak of the right one."""

    def check(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise vol.Invalid(f"expected a mapping with {key}")
        schema = schemas.get(str(value.get(key)))
        if schema is None:
            raise vol.Invalid(f"expected one of {', '.join(schemas)}", path=[key])
        return schema(dict(value))

    return check


_ID = {vol.Optional("id"): str}

TRIGGER = _by_key(
    "trigger",
    {
        "state": vol.Schema(
            _ID
            | {
                vol.Required("trigger"): "state",
                vol.Required("entity_id"): _entity_ids,
                vol.Optional("from"): _texts,
                vol.Optional("to"): _texts,
            }
        ),
        "event": vol.Schema(
            _ID
            | {
                vol.Required("trigger"): "event",
                vol.Required("event_type"): vol.All(str, vol.Length(min=1, max=64)),
                vol.Optional("event_data"): {str: object},
            }
        ),
        "start": vol.Schema(_ID | {vol.Required("trigger"): "start"}),
    },
)


def _condition(value: Any) -> Any:
    return CONDITION(value)


_NESTED = vol.Schema({vol.Required("condition"): str, vol.Required("conditions"): _listed(_condition)})

CONDITION = _by_key(
    "condition",
    {
        "state": vol.Schema(
            {vol.Required("condition"): "state", vol.Required("entity_id"): _entity_ids, vol.Required("state"): _texts}
        ),
        "numeric_state": vol.All(
            vol.Schema(
                {
                    vol.Required("condition"): "numeric_state",
                    vol.Required("entity_id"): _entity_ids,
                    vol.Optional("above"): vol.Coerce(float),
                    vol.Optional("below"): vol.Coerce(float),
                }
            ),
            lambda value: value if {"above", "below"} & set(value) else _refuse("expected above, below or both"),
        ),
        "template": vol.Schema({vol.Required("condition"): "template", vol.Required("value_template"): check_template}),
        "trigger": vol.Schema({vol.Required("condition"): "trigger", vol.Required("id"): _texts}),
        "and": _NESTED,
        "or": _NESTED,
        "not": _NESTED,
    },
)


def _action(value: Any) -> Any:
    if isinstance(value, Mapping) and "event" in value:
        return _EVENT(dict(value))
    return _SERVICE(value)


_EVENT = vol.Schema(
    {vol.Required("event"): vol.All(str, vol.Length(min=1, max=64)), vol.Optional("event_data"): _templates}
)
_SERVICE = vol.Schema({vol.Required("action"): _service, vol.Optional("data"): vol.All({str: object}, _templates)})

AUTOMATION = vol.Schema(
    {
        vol.Required("alias"): vol.All(str, vol.Length(min=1, max=200)),
        vol.Optional("description", default=""): str,
        vol.Optional("mode", default="single"): vol.In(MODES),
        vol.Required("triggers"): vol.All(_listed(TRIGGER), vol.Length(min=1, msg="expected at least one trigger")),
        vol.Optional("conditions", default=list): _listed(CONDITION),
        vol.Required("actions"): vol.All(_listed(_action), vol.Length(min=1, msg="expected at least one action")),
    }
)


def read_automation(text: str) -> dict[str, Any]:
    """A checked document; raises InvalidData that says what is wrong, in which line and where."""
    if len(text) > MAX_TEXT:
        raise InvalidData(f"An automation has at most {MAX_TEXT} characters")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InvalidData(f"Line {line}: this is not YAML: {error.problem or error}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise InvalidData(f"Line 1: this is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise InvalidData("Line 1: an automation starts with alias, triggers and actions")
    try:
        return AUTOMATION(document)  # type: ignore[no-any-return]
    except vol.Invalid as error:
        first = error.errors[0] if isinstance(error, vol.MultipleInvalid) else error
        where = ".".join(str(getattr(part, "schema", part)) for part in first.path)
        raise InvalidData(
            f"Line {_line(node, first.path)}: {first.error_message}" + (f" ({where})" if where else "")
        ) from error


def _line(node: yaml.Node | None, path: Sequence[Any]) -> int:
    """The line of the deepest part of a path that is in the text."""
    line = node.start_mark.line + 1 if node else 1
    for part in path:
        child = _child(node, getattr(part, "schema", part))
        if child is None:
            break
        key, node = child
        line = key.start_mark.line + 1
    return line


def _child(node: yaml.Node | None, part: Any) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    # A single item stands where a list may: position 0 is the item itself.
    return (node, node) if node is not None and part == 0 else None


def _refuse(message: str) -> Any:
    raise vol.Invalid(message)
