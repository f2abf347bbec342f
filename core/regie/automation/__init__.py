"""Automations: when this happens, and that is so, do this."""

from regie.automation.engine import Automation, Automations

__all__ = ["Automation", "Automations"]
