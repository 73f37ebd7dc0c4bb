#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, driven over WebDriver (https://www.w3.org/TR/webdriver) with Python alone."""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request

ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-sync", "--disable-extensions", "--window-size=1440,900")


def missing():
    """What is not there, or None."""
    for program in ("chromium", "chromedriver"):
        if not shutil.which(program):
            return f"{program} is not installed"
    return None


class Browser:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()  # its profile, and what it downloads
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        port = next(match for match in (re.search(r"on port (\d+)\.", line) for line in self.driver.stdout) if match)
        self.base = f"http://127.0.0.1:{port.group(1)}/session"
        options = {"args": [*ARGUMENTS, f"--user-data-dir={self.folder.name}/profile"],
                   "binary": shutil.which("chromium"),
                   "prefs": {"download.default_directory": self.folder.name}}
        session = self.ask("POST", "", {"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.base += "/" + session["sessionId"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.ask("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.driver.stdout.close()
            self.folder.cleanup()

    def ask(self, method, path, body=None):
        """What the driver answers; raises urllib's HTTPError with its words."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)["value"]

    def open(self, url):
        self.ask("POST", "/url", {"url": url})

    def run(self, script):
        """The value of a script's `return`."""
        return self.ask("POST", "/execute/sync", {"script": script, "args": []})

    def wait(self, condition, limit_s=60):
        """Waits until the JavaScript expression holds, and returns its value."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            value = self.run(f"return {condition}")
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(f"never true: {condition}")

    def press(self, key):
        actions = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        self.ask("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def complaints(self):
        """What the console said since the last call."""
        return [entry["message"] for entry in self.ask("POST", "/se/log", {"type": "browser"})]

    def downloaded(self, name, limit_s=60):
        path = pathlib.Path(self.folder.name) / name
        end = time.monotonic() + limit_s
        while not path.exists() and time.monotonic() < end:
            time.sleep(0.05)
        return path.read_text()

    def screenshot(self, path):
        import base64
        pathlib.Path(path).write_bytes(base64.b64decode(self.ask("GET", "/screenshot")))
