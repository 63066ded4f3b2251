"""A strict parser of one challenge, as a client parses it (RFC 9110 §11.6.1)."""

import re

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'
_PARAMETER = re.compile(rf"({_TOKEN})[ \t]*=[ \t]*({_TOKEN}|{_QUOTED})")
_SEPARATOR = re.compile(r"[ \t]*,[ \t]*")
_SCHEME = re.compile(rf"({_TOKEN}) +")


def parse_challenge(line: str) -> tuple[str, dict[str, str]]:
    """Return the scheme and the unescaped parameters of the one challenge in *line*.

    Raises:
        ValueError: *line* is not one challenge with parameters, or a parameter is duplicated.
    """
    found = _SCHEME.match(line)
    if found is None:
        raise ValueError(f"no scheme with parameters: {line!r}")
    scheme, at = found[1], found.end()
    parameters: dict[str, str] = {}
    while True:
        parameter = _PARAMETER.match(line, at)
        if parameter is None:
            raise ValueError(f"no parameter at {at}: {line!r}")
        name, value, at = parameter[1].lower(), parameter[2], parameter.end()
        if name in parameters:
            raise ValueError(f"duplicate parameter {name}: {line!r}")
        parameters[name] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value[0] == '"' else value
        if at == len(line):
            return scheme, parameters
        separator = _SEPARATOR.match(line, at)
        if separator is None:
            raise ValueError(f"no comma at {at}: {line!r}")
        at = separator.end()
