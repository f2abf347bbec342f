"""States: what is so now, kept by entities that plugins own."""

from regie.states.entity import BinarySensor, Button, DeviceInfo, Entity, MediaPlayer, Sensor
from regie.states.machine import StateMachine
from regie.states.registry import EntityRegistry
from regie.states.state import State

__all__ = [
    "BinarySensor",
    "Button",
    "DeviceInfo",
    "Entity",
    "EntityRegistry",
    "MediaPlayer",
    "Sensor",
    "State",
    "StateMachine",
]
