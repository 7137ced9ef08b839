"""A JupyterLab on loopback, and a headless Chromium that a test can ask to press keys and take pictures."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import websocket

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars", "--window-size=1280,1400",
    "--remote-debugging-port=0", "--remote-allow-origins=*",
)  # fmt: skip
PATIENCE_S = 180.0


def chromium_path() -> str | None:
    """Where Chromium is installed; None where it is not."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


class Browser:
    """One page of a Chromium that ends with the `with` block."""

    def __init__(self, program: str, profile: Path, url: str) -> None:
        self._process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._count = 0
        try:
            port = self._port(profile / "DevToolsActivePort")
            self._socket = self._page(port)
            self.ask("Page.navigate", url=url)
        except BaseException:
            self._process.kill()
            raise

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _port(self, file: Path) -> int:
        return int(wait_for(lambda: file.is_file() and file.read_text().partition("\n")[0]))

    def _page(self, port: int) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10) as answer:
            page = next(target for target in json.load(answer) if target["type"] == "page")
        return websocket.create_connection(page["webSocketDebuggerUrl"], timeout=PATIENCE_S)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and wait for its answer."""
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return dict(answer["result"])

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression; None where it fails."""
        found = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        return found["result"].get("value")

    def until(self, script: str, patience_s: float = PATIENCE_S) -> Any:
        """Evaluate again and again until the value is true."""
        return wait_for(lambda: self.evaluate(script), patience_s, script)

    def press(self, key: str, code: int) -> None:
        """Press and release a key on what has the focus."""
        for kind in ("rawKeyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def picture(self, file: Path) -> None:
        """Write a PNG of the page."""
        file.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))


def wait_for(question: Any, patience_s: float = PATIENCE_S, what: str = "") -> Any:
    """Ask until the answer is true; TimeoutError after ``patience_s``."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if found := question():
            return found
        time.sleep(0.05)
    raise TimeoutError(f"nothing after {patience_s:g} s: {what}")


@pytest.fixture
def open_page(tmp_path: Path) -> Callable[[str], Browser]:
    """Opens an address in a Chromium of its own; skips where there is none."""
    program = chromium_path()
    if program is None:
        pytest.skip("no Chromium is installed (Debian: apt install chromium)")
    return lambda url: Browser(program, tmp_path / "profile", url)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a JupyterLab on loopback with copies of the notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    for notebook in NOTEBOOKS.glob("*.ipynb"):
        shutil.copy(notebook, folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "--ServerApp.ip": "127.0.0.1",
        "--ServerApp.port": port,
        "--IdentityProvider.token": "",
        "--ServerApp.root_dir": folder,
        "--ServerApp.allow_root": True,
        "--ServerApp.open_browser": False,
        "--LabApp.expose_app_in_browser": True,
        "--LabApp.news_url": "None",
    }
    command = [sys.executable, "-m", "jupyterlab", *(f"{name}={value}" for name, value in options.items())]
    homes = ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    log = (folder / "lab.log").open("wb")
    own = {name: str(folder / name) for name in homes}
    server = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **own})
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: _answers(f"{url}/api"))
        yield url
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
        log.close()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False
