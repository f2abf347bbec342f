"""The core of Regie: bus, states, services, storage, plugins and the web panel's frame."""
