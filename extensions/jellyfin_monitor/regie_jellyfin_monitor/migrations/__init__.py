"""The monitor's tables through time."""
