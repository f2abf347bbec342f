"""Keeps the automations, runs them, and remembers what each run did."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from regie.automation import triggers
from regie.automation.conditions import Conditions
from regie.automation.schema import read_automation
from regie.automation.templates import Templates
from regie.automation.trace import Step, Trace
from regie.bus import Bus, EventContext
from regie.bus.bus import Undo
from regie.bus.event import ulid
from regie.errors import InvalidData, NotFound, RegieError, ServiceError
from regie.services import ServiceRegistry
from regie.states import StateMachine
from regie.storage import Documents

DOCUMENT = "core.automations"
KEPT_TRACES = 20
ACTION_LIMIT_S = 60.0
MAX_RUNS = 10
"""Runs of one automation at once; more are skipped, and the trace says so."""
CHANGED = "regie_automations_changed"


@dataclass(slots=True, eq=False)
class Automation:
    """One automation. `error` says why its document cannot run."""

    id: str
    yaml: str
    is_enabled: bool = True
    document: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    last_triggered: float | None = None
    traces: deque[Trace] = field(default_factory=lambda: deque(maxlen=KEPT_TRACES))
    undos: list[Undo] = field(default_factory=list)
    runs: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    queue: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def alias(self) -> str:
        """What people call it."""
        return str(self.document.get("alias", "Unreadable automation"))

    @property
    def mode(self) -> str:
        """single, restart, queued or parallel."""
        return str(self.document.get("mode", "single"))


class Automations:
    """All automations of the hub."""

    def __init__(self, bus: Bus, states: StateMachine, services: ServiceRegistry, documents: Documents) -> None:
        self._bus = bus
        self._states = states
        self._services = services
        self._documents = documents
        self._templates = Templates(states)
        self._conditions = Conditions(states, self._templates)
        self._automations: dict[str, Automation] = {}

    async def start(self) -> None:
        """Read and arm all of them; one that cannot be read is kept, with its error."""
        document = await self._documents.load(DOCUMENT) or {}
        for row in document.get("automations", []):
            automation = Automation(row["id"], row["yaml"], row["enabled"])
            try:
                automation.document = read_automation(automation.yaml)
            except InvalidData as error:
                automation.error = str(error)
            self._automations[automation.id] = automation
            self._arm(automation)

    async def stop(self) -> None:
        """Disarm all, and end what runs."""
        for automation in self._automations.values():
            await self._disarm(automation)

    def all(self) -> list[Automation]:
        """All automations, by name."""
        return sorted(self._automations.values(), key=lambda one: (one.alias.casefold(), one.id))

    def get(self, automation_id: str) -> Automation:
        """An automation; raises NotFound."""
        try:
            return self._automations[automation_id]
        except KeyError:
            raise NotFound("This automation is not there any more") from None

    def traces(self, automation_id: str) -> list[Trace]:
        """The last runs, newest first."""
        return list(reversed(self.get(automation_id).traces))

    async def save(self, automation_id: str | None, yaml: str) -> Automation:
        """Make or replace an automation; raises InvalidData, with the line, and changes nothing then."""
        document = read_automation(yaml)
        self._check_services(document, yaml)
        known = self.get(automation_id) if automation_id else None
        automation = known or Automation(ulid().lower(), yaml)
        await self._disarm(automation)
        automation.yaml, automation.document, automation.error = yaml, document, ""
        self._automations[automation.id] = automation
        self._arm(automation)
        await self._keep()
        return automation

    async def remove(self, automation_id: str) -> None:
        """Forget an automation."""
        await self._disarm(self.get(automation_id))
        del self._automations[automation_id]
        await self._keep()

    async def set_enabled(self, automation_id: str, *, enabled: bool) -> Automation:
        """Arm or disarm an automation."""
        automation = self.get(automation_id)
        await self._disarm(automation)
        automation.is_enabled = enabled
        self._arm(automation)
        await self._keep()
        return automation

    async def run(self, automation_id: str, *, user_id: str | None = None) -> Trace:
        """Run the actions now, without triggers and conditions, and wait for the end."""
        automation = self.get(automation_id)
        if automation.error:
            raise InvalidData(automation.error)
        trace = self._begin(automation, "Somebody pressed Run")
        await self._act(automation, trace, {"trigger": {"platform": "manual"}}, EventContext(user_id))
        return trace

    def _check_services(self, document: Mapping[str, Any], yaml: str) -> None:
        for action in document["actions"]:
            if "action" in action:
                domain, _, name = action["action"].partition(".")
                try:
                    self._services.find(domain, name)
                except NotFound as error:
                    lines = (
                        number for number, line in enumerate(yaml.splitlines(), 1) if action["action"] in line.lower()
                    )
                    raise InvalidData(f"Line {next(lines, 1)}: {error}") from error

    def _arm(self, automation: Automation) -> None:
        if automation.is_enabled and not automation.error:
            fire = self._firing(automation)
            for trigger in automation.document["triggers"]:
                automation.undos.append(triggers.attach(trigger, self._bus, self._states, fire))

    async def _disarm(self, automation: Automation) -> None:
        while automation.undos:
            automation.undos.pop()()
        running = list(automation.runs.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _firing(self, automation: Automation) -> Callable[[str, Mapping[str, Any], EventContext | None], None]:
        def fire(sentence: str, trigger: Mapping[str, Any], cause: EventContext | None) -> None:
            self._triggered(automation, sentence, {"trigger": trigger}, cause.child() if cause else EventContext())

        return fire

    def _triggered(
        self, automation: Automation, sentence: str, variables: Mapping[str, Any], context: EventContext
    ) -> None:
        trace = self._begin(automation, sentence)
        limit = 1 if automation.mode == "single" else MAX_RUNS
        if automation.mode == "restart":
            for task in automation.runs.values():
                task.cancel()
        elif len(automation.runs) >= limit:
            self._end(trace, "skipped", "it was still running")
            return
        task = asyncio.get_running_loop().create_task(
            self._run(automation, trace, variables, context), name=f"automation {automation.alias}"
        )
        automation.runs[trace.id] = task
        task.add_done_callback(lambda _task: automation.runs.pop(trace.id, None))

    async def _run(
        self, automation: Automation, trace: Trace, variables: Mapping[str, Any], context: EventContext
    ) -> None:
        try:
            if automation.mode == "queued":
                async with automation.queue:
                    await self._check_and_act(automation, trace, variables, context)
            else:
                await self._check_and_act(automation, trace, variables, context)
        except asyncio.CancelledError:
            self._end(trace, "cancelled")
            raise
        except Exception as error:
            self._end(trace, "failed", f"{type(error).__name__}: {error}")
            raise

    async def _check_and_act(
        self, automation: Automation, trace: Trace, variables: Mapping[str, Any], context: EventContext
    ) -> None:
        for position, condition in enumerate(automation.document["conditions"]):
            path, kind = f"conditions/{position}", f"condition {condition['condition']}"
            try:
                holds, reason = self._conditions.judge(condition, variables)
            except RegieError as error:
                trace.steps.append(Step(path, kind, time.time(), error=str(error)))
                self._end(trace, "failed", str(error))
                return
            trace.steps.append(Step(path, kind, time.time(), f"{'holds' if holds else 'does not hold'}: {reason}"))
            if not holds:
                self._end(trace, "stopped_by_condition")
                return
        await self._act(automation, trace, variables, context)

    async def _act(
        self, automation: Automation, trace: Trace, variables: Mapping[str, Any], context: EventContext
    ) -> None:
        automation.last_triggered = time.time()
        started = {"name": automation.alias, "automation_id": automation.id, "source": trace.trigger}
        self._bus.fire("automation_triggered", started, context)
        for position, action in enumerate(automation.document["actions"]):
            path = f"actions/{position}"
            try:
                trace.steps.append(await self._one_action(path, action, variables, context))
            except RegieError as error:
                kind = f"action {action.get('action') or action.get('event')}"
                trace.steps.append(Step(path, kind, time.time(), error=str(error)))
                self._end(trace, "failed", str(error))
                return
        self._end(trace, "done")

    async def _one_action(
        self, path: str, action: Mapping[str, Any], variables: Mapping[str, Any], context: EventContext
    ) -> Step:
        began = time.time()
        if "event" in action:
            data = self._templates.render_all(action.get("event_data") or {}, variables)
            self._bus.fire(action["event"], data, context)
            return Step(path, f"event {action['event']}", began, "fired", variables=data)
        data = self._templates.render_all(action.get("data", {}), variables)
        domain, _, name = action["action"].partition(".")
        try:
            async with asyncio.timeout(ACTION_LIMIT_S):
                await self._services.call(domain, name, data, context=context)
        except TimeoutError as error:
            raise ServiceError(f"{action['action']} took over {ACTION_LIMIT_S:.0f} s") from error
        return Step(
            path, f"action {action['action']}", began, f"done in {(time.time() - began) * 1000:.0f} ms", variables=data
        )

    def _begin(self, automation: Automation, sentence: str) -> Trace:
        trace = Trace(ulid().lower(), automation.id, time.time(), sentence)
        automation.traces.append(trace)
        return trace

    def _end(self, trace: Trace, state: Any, error: str = "") -> None:
        trace.state, trace.error, trace.finished_at = state, error, time.time()
        self._bus.fire(
            "regie_automation_run", {"automation_id": trace.automation_id, "trace_id": trace.id, "state": state}
        )

    async def _keep(self) -> None:
        rows = [{"id": one.id, "yaml": one.yaml, "enabled": one.is_enabled} for one in self._automations.values()]
        await self._documents.save(DOCUMENT, {"automations": rows})
        self._bus.fire(CHANGED)
