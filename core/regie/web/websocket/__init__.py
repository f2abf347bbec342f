"""The WebSocket API: Home Assistant's messages, and `regie/…`."""
