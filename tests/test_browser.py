"""A browser: Chromium, headless, loads a page through the proxy whose script talks over a WebSocket."""
import subprocess

import pytest

from harness import devtools, users
from harness.packages import program

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-dev-shm-usage",
         # Loopback goes through the proxy as well.
         "--proxy-bypass-list=<-loopback>"]


def dump_dom(url, proxy_server, directory, *more):
    done = subprocess.run([program("chromium"), *FLAGS, f"--user-data-dir={directory}", f"--proxy-server={proxy_server}", *more,
                           "--virtual-time-budget=20000", "--dump-dom", url], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + "\n" + done.stderr[-2000:]


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_page_with_a_websocket(proxy, origin, tmp_path, scheme):
    port = proxy.http_port if scheme == "http" else proxy.socks_port
    dom = dump_dom(origin.url("/page"), f"{scheme}://127.0.0.1:{port}", tmp_path / "profile")
    assert "echoed: spoken through the proxy" in dom, dom
    assert {"/page", "/app.js", "/style.css", "/ws"} <= set(origin.paths())
    seen = {record["protocol"] for record in proxy.access() if record["port"] == origin.port}
    # Chromium tunnels a WebSocket by CONNECT even where the page went in absolute form.
    assert seen <= {"http", "connect"} and "http" in seen if scheme == "http" else seen == {"socks5"}


def test_page_over_tls(proxy, tls_origin, tmp_path):
    dom = dump_dom(tls_origin.url("/page", host="origin.test"), f"http://127.0.0.1:{proxy.http_port}", tmp_path / "profile",
                   "--ignore-certificate-errors")
    assert "echoed: spoken through the proxy" in dom, dom
    proxy.await_access(protocol="connect", host="origin.test")


def test_the_prompt_for_a_password(start, origin, tmp_path):
    daemon = start(users.auth())
    users.add(daemon, "alice")
    text, prompts = devtools.load_with_login(origin.url(), daemon.http, tmp_path / "profile", "alice", "secret-of-alice")
    assert "hello" in text and prompts == 1
    assert daemon.await_access(port=origin.port, status=200)["username"] == "alice"
