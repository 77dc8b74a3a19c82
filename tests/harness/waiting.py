"""Waiting for something to become true, with a deadline and a message."""
import socket
import time


def eventually(check, what, deadline=10.0, every=0.02):
    """Polls until check() gives something true and returns it. The last exception, if any, is part of the failure."""
    end = time.monotonic() + deadline
    reason = None
    while True:
        try:
            result = check()
            if result:
                return result
            reason = None
        except (AssertionError, OSError, LookupError, ValueError) as error:
            reason = error
        if time.monotonic() >= end:
            raise AssertionError(f"not within {deadline} s: {what}" + (f" ({reason!r})" if reason else ""))
        time.sleep(every)


def port_open(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), timeout=1).close()
        return True
    except OSError:
        return False
