"""Selectors: what a form field is, for people (how it is drawn) and for the hub (what it accepts).

Each one is a validator for a voluptuous schema that also serialises, as `{"selector": {"text": {…}}}`.
"""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import voluptuous as vol
import voluptuous_serialize
from yarl import URL

from regie.config.secrets import SENTINEL, Secret

MAX_TEXT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """What all selectors share."""

    kind: ClassVar[str] = ""

    def __call__(self, value: Any) -> Any:
        """Check and convert a value."""
        return value

    def as_dict(self) -> dict[str, Any]:
        """The shape that clients read."""
        return {self.kind: {key: value for key, value in asdict(self).items() if value not in (None, (), False)}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Selector):
    """A text of one line, or of several."""

    kind: ClassVar[str] = "text"
    multiline: bool = False
    max_length: int = MAX_TEXT

    def __call__(self, value: Any) -> str:
        """Check that it is a text of a sensible length."""
        if not isinstance(value, str):
            raise vol.Invalid("expected a text")
        if len(value) > self.max_length:
            raise vol.Invalid(f"at most {self.max_length} characters")
        return value if self.multiline else value.strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Password(Selector):
    """A text that is never shown again; becomes a Secret."""

    kind: ClassVar[str] = "password"

    def __call__(self, value: Any) -> Secret:
        """Check that it is a text, and hide it."""
        if isinstance(value, Secret):
            return value
        if not isinstance(value, str) or value == SENTINEL:
            raise vol.Invalid("expected a password")
        if len(value) > MAX_TEXT:
            raise vol.Invalid(f"at most {MAX_TEXT} characters")
        return Secret(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Url(Selector):
    """An http or https address; a missing scheme is taken as http."""

    kind: ClassVar[str] = "url"

    def __call__(self, value: Any) -> str:
        """Check and tidy the address: no user, no query, no slash at the end."""
        if not isinstance(value, str) or not value.strip() or len(value) > MAX_TEXT:
            raise vol.Invalid("expected an address such as http://192.168.1.10:8096")
        text = value.strip()
        try:
            url = URL(text if "://" in text else f"http://{text}")
        except ValueError as error:
            raise vol.Invalid("expected an address such as http://192.168.1.10:8096") from error
        if url.scheme not in ("http", "https") or not url.host or any(character.isspace() for character in text):
            raise vol.Invalid("expected an address such as http://192.168.1.10:8096")
        return str(url.with_user(None).with_query(None).with_fragment(None)).rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Selector):
    """A whole number, or one with decimals when `step` is below 1."""

    kind: ClassVar[str] = "number"
    min: float | None = None
    max: float | None = None
    step: float = 1
    unit: str | None = None

    def __call__(self, value: Any) -> float | int:
        """Check the range."""
        try:
            number = float(value)
        except (TypeError, ValueError) as error:
            raise vol.Invalid("expected a number") from error
        if self.step >= 1 and not number.is_integer():
            raise vol.Invalid("expected a whole number")
        if (
            not (self.min if self.min is not None else number)
            <= number
            <= (self.max if self.max is not None else number)
        ):
            raise vol.Invalid(f"expected a number from {self.min} to {self.max}")
        return int(number) if self.step >= 1 else number


@dataclass(frozen=True, slots=True, kw_only=True)
class Boolean(Selector):
    """Yes or no; a form's check box that is not sent is no."""

    kind: ClassVar[str] = "boolean"

    def __call__(self, value: Any) -> bool:
        """Read the words of forms."""
        return bool(vol.Boolean()(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Select(Selector):
    """One of several, or several of them. `options` are (value, label) pairs."""

    kind: ClassVar[str] = "select"
    options: tuple[tuple[str, str], ...] = ()
    multiple: bool = False

    def __call__(self, value: Any) -> Any:
        """Check that it is offered."""
        known = [option for option, _ in self.options]
        chosen = value if isinstance(value, list) else [value]
        if any(one not in known for one in chosen):
            raise vol.Invalid(f"expected one of {', '.join(known)}")
        return chosen if self.multiple else chosen[0]

    def as_dict(self) -> dict[str, Any]:
        """The shape that clients read."""
        options = [{"value": value, "label": label} for value, label in self.options]
        return {self.kind: {"options": options, "multiple": self.multiple}}


def serialized(schema: vol.Schema | None) -> list[dict[str, Any]]:
    """A schema as the list of fields that forms and clients read; secrets lose their defaults."""
    if schema is None:
        return []
    fields = voluptuous_serialize.convert(schema, custom_serializer=_selector)
    return [_without_secret(field) for field in fields] if isinstance(fields, list) else []


def _selector(value: Any) -> Any:
    return {"selector": value.as_dict()} if isinstance(value, Selector) else voluptuous_serialize.UNSUPPORTED


def _without_secret(field: dict[str, Any]) -> dict[str, Any]:
    if isinstance(field.get("default"), Secret):
        field = {key: value for key, value in field.items() if key != "default"}
    return field
