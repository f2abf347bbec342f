"""Templates in automations: Jinja in a sandbox, with the states and what triggered."""

from collections.abc import Mapping
from typing import Any

import voluptuous as vol
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from regie.errors import ServiceError
from regie.states import StateMachine

MAX_OUTPUT = 10_000

_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)  # makes texts, not pages
_ENVIRONMENT.globals = {}


def check_template(value: Any) -> str:
    """A text whose Jinja is well formed."""
    if not isinstance(value, str):
        raise vol.Invalid("expected a text or a template")
    try:
        _ENVIRONMENT.parse(value)
    except TemplateError as error:
        raise vol.Invalid(f"the template is broken: {error}") from error
    return value


def is_template(text: str) -> bool:
    """Whether a text has anything to render."""
    return "{{" in text or "{%" in text


class Templates:
    """Renders with `states('sensor.x')`, `state_attr('sensor.x', 'unit')`, `is_state('sensor.x', 'on')`, and the run's variables."""

    def __init__(self, states: StateMachine) -> None:
        self._states = states

    def render(self, text: str, variables: Mapping[str, Any]) -> str:
        """A template as text; raises ServiceError that says why not."""
        try:
            output = _ENVIRONMENT.from_string(text).render({**self._functions(), **variables})
        except Exception as error:
            raise ServiceError(f"The template {text[:80]!r} cannot be rendered: {error}") from error
        if len(output) > MAX_OUTPUT:
            raise ServiceError(f"The template {text[:80]!r} gives over {MAX_OUTPUT} characters")
        return output

    def render_all(self, value: Any, variables: Mapping[str, Any]) -> Any:
        """Nested data with its templates rendered."""
        if isinstance(value, str):
            return self.render(value, variables) if is_template(value) else value
        if isinstance(value, Mapping):
            return {key: self.render_all(item, variables) for key, item in value.items()}
        return [self.render_all(item, variables) for item in value] if isinstance(value, list) else value

    def _functions(self) -> dict[str, Any]:
        def states(entity_id: str) -> str:
            state = self._states.get(entity_id)
            return state.state if state else "unknown"

        def state_attr(entity_id: str, name: str) -> Any:
            state = self._states.get(entity_id)
            return state.attributes.get(name) if state else None

        def is_state(entity_id: str, wanted: str) -> bool:
            return states(entity_id) == wanted

        return {"states": states, "state_attr": state_attr, "is_state": is_state}
