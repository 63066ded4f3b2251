"""The rules of OAuth as pure code: no sockets, no clock, no framework."""
