"""The protocols that scrobblers speak, without I/O: bytes in, typed calls; typed answers, bytes out."""
