"""The configuration most tests start from, and how a test changes it."""
import copy

LOG_FIELDS = ["timestamp", "id", "client_ip", "client_port", "listener", "protocol", "username", "method", "host", "port", "path",
              "status", "refusal", "bytes_sent", "bytes_received", "duration", "connect_time", "rule", "backend", "upstream",
              "destination", "user_agent", "referer", "headers", "worker"]


def base(http, socks, mixed, access_log, name_server=None):
    config = {
        "server": {"http_port": http, "socks5_port": socks, "mixed_port": mixed, "bind_address": "127.0.0.1", "via": "bulkhead"},
        "workers": {"acceptors": 2},
        "network": {"dns": {"hosts_file": "", "timeout": "2s"}},
        # The origins of the tests are on loopback, which is denied unless it is named.
        "access_control": {"destinations": {"allow": ["127.0.0.0/8", "::1/128"]}},
        "access_log": {"enabled": True, "format": "json", "output": "file", "file": str(access_log), "fields": LOG_FIELDS},
        "shutdown": {"drain_timeout": "5s", "force_timeout": "10s"},
        "backends": [direct()],
        "rules": [everything()],
    }
    if name_server is not None:
        config["network"]["dns"]["servers"] = [name_server]
    return config


def merged(config, changes):
    """Sections are merged, everything else is replaced; a value of None removes the key."""
    result = copy.deepcopy(config)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def direct(name="direct"):
    return {"name": name, "type": "direct"}


def parent(name, kind, address, via=None, username=None, password=None, tls=None):
    backend = {"name": name, "type": kind, "proxy": {"address": address}}
    if username is not None:
        backend["proxy"].update(username=username, password=password)
    if tls is not None:
        backend["proxy"]["tls"] = tls
    if via is not None:
        backend["via"] = via
    return backend


def rule(name, backend=None, action=None, redirect=None, **match):
    entry = {"name": name, "match": match}
    for key, value in (("backend", backend), ("action", action), ("redirect", redirect)):
        if value is not None:
            entry[key] = value
    return entry


def everything(backend="direct", name="Default"):
    return rule(name, backend=backend, domains=["*"])
