"""Frozen dataclasses to plain data and back, so that open plays outlive the process."""

import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """A value as JSON knows it; fields that hold their default are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        return {
            one.name: to_plain(content) for one in fields(value) if (content := getattr(value, one.name)) != one.default
        }
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: to_plain(content) for key, content in value.items()}
    if isinstance(value, tuple):
        return [to_plain(element) for element in value]
    return value


def from_plain(kind: Callable[..., T], plain: Mapping[str, Any]) -> T:
    """A dataclass from what `to_plain` made of it; fields that it no longer has are dropped."""
    hints = _hints(kind)
    return kind(**{name: _revived(hints[name], content) for name, content in plain.items() if name in hints})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _revived(hint: Any, plain: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if plain is None or origin is Literal:
        return plain
    if origin in {Union, types.UnionType}:
        return _revived(next(one for one in arguments if one is not type(None)), plain)
    if origin is tuple:
        inner = [arguments[0]] * len(plain) if arguments[-1] is Ellipsis else arguments
        return tuple(_revived(one, element) for one, element in zip(inner, plain, strict=True))
    if origin is not None and issubclass(origin, Mapping):
        return {key: _revived(arguments[1], content) for key, content in plain.items()}
    if is_dataclass(hint) and isinstance(hint, type):
        return from_plain(hint, plain)
    return datetime.fromisoformat(plain) if hint is datetime else plain
