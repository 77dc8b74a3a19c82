"""Reads the process log: key=value pairs, values bare or quoted with backslash escapes."""
import re

_PAIR = re.compile(r'([A-Za-z_][A-Za-z0-9_.\-]*)=("(?:[^"\\]|\\.)*"|[^\s"]*)')
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.)")
_NAMED = {"n": "\n", "r": "\r", "t": "\t"}


def _unescape(match):
    code = match.group(1)
    return chr(int(code[1:], 16)) if len(code) == 3 else _NAMED.get(code, code)


def parse(line):
    """The pairs of one line as a dict; empty for a line that is no logfmt."""
    record = {}
    for key, value in _PAIR.findall(line):
        if value.startswith('"'):
            value = _ESCAPE.sub(_unescape, value[1:-1])
        record[key] = value  # role and pid come last, and are the log's own
    return record if "level" in record and "msg" in record else {}
