"""The web server: pages and APIs of the core and of plugins, REST and WebSocket."""
