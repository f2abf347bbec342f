"""Strangers' JSON into typed dataclasses, and the same types as JSON Schema: one description, two readings."""

import math
import types
import typing
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
Check = Callable[[Any, str], Any]
# Integers beyond this lose digits in JavaScript.
INTEGER_LIMIT = 2**53 - 1
SEQUENCE_LIMIT = 256
# Line breaks and tabs are the only control characters allowed.
SAFE_TEXT = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"


class ProtocolError(ValueError):
    """A message that breaks the protocol; `code` is for programs, the text for people.

    invalid_json, too_large, unsupported_version, unknown_type, invalid_payload
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Bounds:
    """The range of a number, both ends allowed."""

    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Length:
    """The length of a text, both ends allowed."""

    minimum: int
    maximum: int


def decode(kind: type[T], value: Any, path: str = "payload") -> T:
    """Make a dataclass of a JSON object; unknown fields are ignored, anything else that is wrong raises."""
    return cast("T", check(kind, value, path))


def check(kind: Any, value: Any, path: str) -> Any:
    """A value as its type has it; raises ProtocolError."""
    return _check_of(kind)(value, path)


def encode(value: Any) -> Any:
    """A dataclass as what `json.dumps` takes; absent optional fields are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        pairs = ((name, getattr(value, name)) for name in _field_names(type(value)))
        return {name: encode(item) for name, item in pairs if item is not None}
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    return str(value) if isinstance(value, StrEnum) else value


def describe(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of a type; dataclasses are collected in `definitions` and referred to."""
    annotated, constraint = _split(kind)
    if is_dataclass(annotated) and isinstance(annotated, type):
        return _describe_dataclass(annotated, definitions)
    origin = get_origin(annotated)
    if origin in {types.UnionType, typing.Union}:
        return {"anyOf": [describe(option, definitions) for option in get_args(annotated)]}
    if origin is tuple:
        return {"type": "array", "items": describe(get_args(annotated)[0], definitions), "maxItems": SEQUENCE_LIMIT}
    if origin is Literal:
        return {"enum": list(get_args(annotated))}
    if isinstance(annotated, type) and issubclass(annotated, StrEnum):
        return {"enum": [str(option) for option in annotated]}
    return _describe_scalar(annotated, constraint)


def _describe_dataclass(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    if kind.__name__ not in definitions:
        definitions[kind.__name__] = {}
        hints = get_type_hints(kind, include_extras=True)
        required = [field.name for field in fields(kind) if not _has_default(field)]
        definitions[kind.__name__] = {
            "type": "object",
            "description": (kind.__doc__ or "").splitlines()[0],
            "properties": {field.name: describe(hints[field.name], definitions) for field in fields(kind)},
            **({"required": required} if required else {}),
        }
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _describe_scalar(kind: Any, constraint: Bounds | Length | None) -> dict[str, Any]:
    names = {str: "string", float: "number", int: "integer", bool: "boolean", type(None): "null"}
    described: dict[str, Any] = {"type": names[kind]}
    if kind is str:
        described["pattern"] = SAFE_TEXT
    if isinstance(constraint, Bounds):
        described |= {"minimum": constraint.minimum, "maximum": constraint.maximum}
    elif isinstance(constraint, Length):
        described |= {"minLength": constraint.minimum, "maxLength": constraint.maximum}
    return described


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _has_default(field: Any) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _split(kind: Any) -> tuple[Any, Bounds | Length | None]:
    if get_origin(kind) is Annotated:
        bare, constraint, *_ = get_args(kind)
        return bare, constraint
    return kind, None


@cache
def _check_of(kind: Any) -> Check:
    annotated, constraint = _split(kind)
    if is_dataclass(annotated) and isinstance(annotated, type):
        return _dataclass_check(annotated)
    origin = get_origin(annotated)
    if origin in {types.UnionType, typing.Union}:
        return _optional_check(get_args(annotated))
    if origin is tuple:
        return _sequence_check(_check_of(get_args(annotated)[0]))
    if origin is Literal:
        return _choice_check({option: option for option in get_args(annotated)})
    if issubclass(annotated, StrEnum):
        return _choice_check({str(option): option for option in annotated})
    return _scalar_check(annotated, constraint)


def _dataclass_check(kind: type) -> Check:
    hints = get_type_hints(kind, include_extras=True)
    checks = [(field.name, _check_of(hints[field.name]), _has_default(field)) for field in fields(kind)]

    def check(value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            raise ProtocolError("invalid_payload", f"{path} must be an object")
        arguments = {}
        for name, inner, optional in checks:
            if name in value:
                arguments[name] = inner(value[name], f"{path}.{name}")
            elif not optional:
                raise ProtocolError("invalid_payload", f"{path}.{name} is missing")
        return kind(**arguments)

    return check


def _optional_check(options: tuple[Any, ...]) -> Check:
    (inner,) = (_check_of(option) for option in options if option is not type(None))
    return lambda value, path: None if value is None else inner(value, path)


def _sequence_check(inner: Check) -> Check:
    def check(value: Any, path: str) -> Any:
        if not isinstance(value, list) or len(value) > SEQUENCE_LIMIT:
            raise ProtocolError("invalid_payload", f"{path} must be a list of at most {SEQUENCE_LIMIT}")
        return tuple(inner(item, f"{path}[{index}]") for index, item in enumerate(value))

    return check


def _choice_check(options: dict[str, Any]) -> Check:
    def check(value: Any, path: str) -> Any:
        if not isinstance(value, str) or value not in options:
            raise ProtocolError("invalid_payload", f"{path} must be one of {', '.join(options)}")
        return options[value]

    return check


def _scalar_check(kind: Any, constraint: Bounds | Length | None) -> Check:
    if kind is str:
        return _text_check(constraint if isinstance(constraint, Length) else Length(0, 2048))
    if kind is bool:
        return _boolean
    bounds = constraint if isinstance(constraint, Bounds) else Bounds(-INTEGER_LIMIT, INTEGER_LIMIT)
    return _number_check(kind, bounds)


def _boolean(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise ProtocolError("invalid_payload", f"{path} must be true or false")
    return value


def _number_check(kind: type[int] | type[float], bounds: Bounds) -> Check:
    allowed = (int,) if kind is int else (int, float)
    noun = "a whole number" if kind is int else "a number"

    def check(value: Any, path: str) -> Any:
        if isinstance(value, bool) or not isinstance(value, allowed):
            raise ProtocolError("invalid_payload", f"{path} must be {noun}")
        if not bounds.minimum <= value <= bounds.maximum or not math.isfinite(value):
            raise ProtocolError("invalid_payload", f"{path} must lie between {bounds.minimum:g} and {bounds.maximum:g}")
        return kind(value)

    return check


def _text_check(length: Length) -> Check:
    def check(value: Any, path: str) -> str:
        if not isinstance(value, str):
            raise ProtocolError("invalid_payload", f"{path} must be a text")
        if not length.minimum <= len(value) <= length.maximum:
            raise ProtocolError("invalid_payload", f"{path} must have {length.minimum} to {length.maximum} characters")
        if not value.isprintable() and any(_is_unsafe(character) for character in value):
            raise ProtocolError("invalid_payload", f"{path} holds a control character or half a surrogate pair")
        return value

    return check


def _is_unsafe(character: str) -> bool:
    return (character < " " and character not in "\n\t") or character == "\x7f" or "\ud800" <= character <= "\udfff"
