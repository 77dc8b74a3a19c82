"""A Chromium that is talked to: by the DevTools protocol, over a WebSocket."""
import asyncio
import itertools
import json
import pathlib
import subprocess

import websockets

from .packages import program
from .waiting import eventually

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-dev-shm-usage",
         "--proxy-bypass-list=<-loopback>", "--remote-debugging-port=0"]


def load_with_login(url, proxy, profile, user, password, deadline=40):
    """Loads a page, answering the proxy's prompt; returns (the page's text, how often the prompt came)."""
    browser = subprocess.Popen([program("chromium"), *FLAGS, f"--user-data-dir={profile}", f"--proxy-server={proxy}", "about:blank"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        ports = pathlib.Path(profile) / "DevToolsActivePort"
        lines = eventually(lambda: ports.exists() and len(ports.read_text().split()) == 2 and ports.read_text().split(), "DevTools", 30)
        return asyncio.run(asyncio.wait_for(_load(f"ws://127.0.0.1:{lines[0]}{lines[1]}", url, user, password), deadline))
    finally:
        browser.terminate()
        browser.wait(10)


async def _load(address, url, user, password):
    numbers, prompts = itertools.count(1), 0
    async with websockets.connect(address, max_size=None) as socket:
        async def send(method, session=None, **parameters):
            number = next(numbers)
            await socket.send(json.dumps({"id": number, "method": method, "params": parameters, **({"sessionId": session} if session else {})}))
            return number

        async def answer(number):
            nonlocal prompts
            while True:
                message = json.loads(await socket.recv())
                if message.get("method") == "Fetch.authRequired":
                    prompts += 1
                    assert message["params"]["authChallenge"]["source"] == "Proxy", message
                    await send("Fetch.continueWithAuth", message["sessionId"], requestId=message["params"]["requestId"],
                               authChallengeResponse={"response": "ProvideCredentials", "username": user, "password": password}
                               if prompts < 4 else {"response": "CancelAuth"})
                elif message.get("method") == "Fetch.requestPaused":
                    await send("Fetch.continueRequest", message["sessionId"], requestId=message["params"]["requestId"])
                elif message.get("id") == number:
                    assert "result" in message, message
                    return message["result"]

        target = (await answer(await send("Target.createTarget", url="about:blank")))["targetId"]
        session = (await answer(await send("Target.attachToTarget", targetId=target, flatten=True)))["sessionId"]
        await answer(await send("Fetch.enable", session, handleAuthRequests=True))
        await answer(await send("Page.enable", session))
        await answer(await send("Page.navigate", session, url=url))
        text = ""
        for _ in range(100):
            result = await answer(await send("Runtime.evaluate", session, expression="document.body ? document.body.innerText : ''"))
            text = result["result"].get("value", "")
            if text:
                break
            await asyncio.sleep(0.1)
        return text, prompts
