"""Forms from serialised schemas: the fields of a config flow or a service, and what a browser posts back."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import voluptuous as vol
from multidict import MultiMapping

Translate = Callable[[str], str]

_INPUTS = {
    "text": "text",
    "password": "password",
    "url": "text",
    "number": "number",
    "boolean": "boolean",
    "select": "select",
}
_PLAIN = {"string": "text", "integer": "number", "float": "number", "boolean": "boolean", "select": "select"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field as the `field` macro draws it."""

    name: str
    label: str
    type: str = "text"
    value: Any = ""
    help: str = ""
    error: str = ""
    required: bool = False
    multiple: bool = False
    options: Sequence[Mapping[str, str]] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Texts:
    """A flow's messages by key, in the viewer's language, with placeholders filled in."""

    messages: Mapping[str, str]
    translate: Translate
    placeholders: Mapping[str, str]

    def get(self, key: str, default: str = "") -> str:
        """The text of a key; the default when the plugin says nothing."""
        text = self.messages.get(key)
        if text is None:
            return default
        translated = self.translate(text)
        try:
            return translated.format_map(self.placeholders) if self.placeholders else translated
        except (KeyError, ValueError, IndexError):
            return translated


def form_fields(
    schema: Iterable[Mapping[str, Any]], texts: Texts, values: Mapping[str, Any], errors: Mapping[str, str]
) -> list[Field]:
    """The fields of a serialised schema. `values` is what was typed, `errors` are keys of texts or plain sentences."""
    return [_field(item, texts, values, errors) for item in schema]


def _field(item: Mapping[str, Any], texts: Texts, values: Mapping[str, Any], errors: Mapping[str, str]) -> Field:
    name = str(item["name"])
    kind, options = _kind(item)
    suggested = (item.get("description") or {}).get("suggested_value", item.get("default", ""))
    value = "" if kind == "password" else values.get(name, suggested)
    error = errors.get(name, "")
    return Field(
        name=name,
        label=texts.get(f"field.{name}", name.replace("_", " ").capitalize()),
        type=kind,
        value=value,
        help=texts.get(f"help.{name}"),
        error=texts.get(f"error.{error}", error) if error else "",
        required=bool(item.get("required")) and kind != "boolean",
        multiple=bool(options.get("multiple")),
        options=[_option(option, texts.translate) for option in options.get("options", item.get("options", ()))],
        attributes=_attributes(kind, options, item),
    )


def _kind(item: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    selector = item.get("selector")
    if isinstance(selector, Mapping) and selector:
        name, options = next(iter(selector.items()))
        options = options or {}
        return ("textarea" if name == "object" or options.get("multiline") else _INPUTS.get(name, "text")), options
    return _PLAIN.get(str(item.get("type", "string")), "text"), {}


def _option(option: Any, translate: Translate) -> dict[str, str]:
    if isinstance(option, Mapping):
        return {"value": str(option["value"]), "label": translate(str(option.get("label", option["value"])))}
    if isinstance(option, list | tuple):
        return {"value": str(option[0]), "label": translate(str(option[-1]))}
    return {"value": str(option), "label": str(option)}


def _attributes(kind: str, options: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if kind == "number":
        found = {key: options[key] for key in ("min", "max") if options.get(key) is not None}
        is_whole = options.get("step", 1) == 1 and item.get("type") != "float"
        found["step"] = 1 if is_whole else options.get("step", "any")
    if kind == "password":
        found = {"autocomplete": "new-password", "spellcheck": "false"}
    if "url" in (item.get("selector") or {}):
        found = {"inputmode": "url", "autocapitalize": "none", "spellcheck": "false", "placeholder": "http://"}
    return found


def read_form(schema: Iterable[Mapping[str, Any]], posted: MultiMapping[Any]) -> dict[str, Any]:
    """What a browser posted, as the schema wants it: an empty field is left out, a box that is not ticked is False.

    Raises ValueError when a field that holds JSON does not.
    """
    data: dict[str, Any] = {}
    for item in schema:
        name = str(item["name"])
        kind, options = _kind(item)
        sent = [value for value in posted.getall(name, ()) if isinstance(value, str)]
        if kind == "boolean":
            data[name] = bool(sent)
        elif options.get("multiple"):
            data[name] = sent
        elif sent and sent[0] != "":
            data[name] = _value(sent[0], kind, item)
    return data


def _value(text: str, kind: str, item: Mapping[str, Any]) -> Any:
    if "object" in (item.get("selector") or {}):
        return json.loads(text)
    return _number(text) if kind == "number" else text


def _number(text: str) -> float | str:
    try:
        value = float(text)
    except ValueError:
        return text
    return int(value) if value.is_integer() else value


def field_errors(error: vol.Invalid) -> dict[str, str]:
    """What broke a schema, by field; `base` for the whole form."""
    errors = error.errors if isinstance(error, vol.MultipleInvalid) else [error]
    return {
        str(one.path[0]) if one.path else "base": "required"
        if isinstance(one, vol.RequiredFieldInvalid)
        else one.error_message
        for one in errors
    }
