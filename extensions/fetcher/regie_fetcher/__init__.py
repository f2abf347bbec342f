"""Downloads, judges, converts and stores media."""
