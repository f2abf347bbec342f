"""Conditions: what must be so for a run to go on."""

from collections.abc import Mapping
from typing import Any

from regie.automation.templates import Templates
from regie.states import StateMachine


class Conditions:
    """Judges conditions; each judgement comes with the sentence that the trace shows."""

    def __init__(self, states: StateMachine, templates: Templates) -> None:
        self._states = states
        self._templates = templates

    def judge(self, condition: Mapping[str, Any], variables: Mapping[str, Any]) -> tuple[bool, str]:
        """Whether it holds, and why."""
        kind = condition["condition"]
        if kind in ("and", "or", "not"):
            return self._combine(kind, condition["conditions"], variables)
        if kind == "state":
            return self._state(condition)
        if kind == "numeric_state":
            return self._numeric(condition)
        if kind == "trigger":
            found = str(variables.get("trigger", {}).get("id"))
            return found in condition["id"], f"the trigger's id is {found}"
        output = self._templates.render(condition["value_template"], variables).strip().lower()
        return output in ("true", "yes", "on", "1"), f"the template gives {output!r}"

    def _combine(
        self, kind: str, conditions: list[Mapping[str, Any]], variables: Mapping[str, Any]
    ) -> tuple[bool, str]:
        judged = [self.judge(condition, variables) for condition in conditions]
        verdicts = [verdict for verdict, _ in judged]
        holds = {"and": all(verdicts), "or": any(verdicts), "not": not any(verdicts)}[kind]
        return holds, "; ".join(reason for _, reason in judged)

    def _state(self, condition: Mapping[str, Any]) -> tuple[bool, str]:
        found = {entity_id: self._text(entity_id) for entity_id in condition["entity_id"]}
        reason = ", ".join(f"{entity_id} is {state}" for entity_id, state in found.items())
        return all(state in condition["state"] for state in found.values()), reason

    def _numeric(self, condition: Mapping[str, Any]) -> tuple[bool, str]:
        above, below = condition.get("above", float("-inf")), condition.get("below", float("inf"))
        found = {entity_id: self._text(entity_id) for entity_id in condition["entity_id"]}
        reason = ", ".join(f"{entity_id} is {state}" for entity_id, state in found.items())
        return all(_between(state, above, below) for state in found.values()), reason

    def _text(self, entity_id: str) -> str:
        state = self._states.get(entity_id)
        return state.state if state else "unknown"


def _between(text: str, above: float, below: float) -> bool:
    try:
        return above < float(text) < below
    except ValueError:
        return False
