"""One true listening history from many players."""
