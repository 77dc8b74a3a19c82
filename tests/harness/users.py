"""Users of the proxy under test: a configuration that asks for them, and clients that say who they are."""
import base64
import subprocess

import socks


def hash_of(password):
    done = subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=password + "\n", capture_output=True, text=True, check=True)
    return done.stdout.strip()


def auth(mode="native", **settings):
    """Changes of the configuration; tests fail often and fast, so nobody is locked out unless a test says so."""
    return {"server": {"auth": {"mode": mode, "lockout": {"enabled": False}, **settings}}}


def basic(user, password):
    return "Proxy-Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def bearer(token):
    return "Proxy-Authorization: Bearer " + token


def add(daemon, name, password="secret-of-{}", groups=()):
    words = ["user", "add", name, *(["--groups", ",".join(groups)] if groups else [])]
    answer = daemon.ctl(*words, input=password.format(name) + "\n")
    assert answer.exit == 0, answer
    return password.format(name)


def token(daemon, user, name="default", *more):
    answer = daemon.query("user", "token", "add", user, name, *more)
    assert answer["ok"], answer
    return answer["output"].strip()


def socks5(daemon, user=None, password=None):
    """A socket that will connect through the SOCKS port."""
    connection = socks.socksocket()
    connection.settimeout(20)
    connection.set_proxy(socks.SOCKS5, "127.0.0.1", daemon.socks_port, username=user, password=password)
    return connection
