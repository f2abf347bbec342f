"""What the hub says of itself: logs and watchdog."""
