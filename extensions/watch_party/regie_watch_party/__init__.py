"""Watch together, in sync."""
