"""The kit for plugin authors: `regie.testing.hub.TestHub`, and the fixtures `hub` and `http` that pytest finds by itself."""
