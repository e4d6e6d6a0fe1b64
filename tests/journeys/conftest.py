"""A real server on loopback, a real browser, and a person's first steps with both."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

Seen = TypeVar("Seen")

HANG_MS = 300_000
"""Ends what hangs, on however slow a machine: nothing is measured by it, and no journey has another limit."""
expect.set_options(timeout=HANG_MS)
PASSWORD = "correct horse battery staple"
PATIENT_IN_FILE_NAME = "Sorensen_Agnete_H26-4711"
SLIDEREEL = Path(sys.executable).parent / "slidereel"
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Site:
    """One data folder, its commands, and its server while it runs."""

    data: Path
    process: subprocess.Popen[str] | None = None
    address: str = ""
    log: list[str] = field(default_factory=list)

    def run(
        self, *arguments: str, check: bool = True, text: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a ``slidereel`` command on this data folder."""
        done = subprocess.run(  # noqa: S603 - our own command
            [SLIDEREEL, *arguments, "--data", self.data],
            input=text,
            capture_output=True,
            text=True,
            timeout=HANG_MS / 1000,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    def add_account(self, username: str, role: str) -> None:
        """Add an account with the tests' password."""
        self.run("user", "add", username, "--role", role, "--password-stdin", text=PASSWORD)

    def ingest(self, *files: Path, case: str = "Study 7") -> list[dict[str, Any]]:
        """Ingest files; the JSON lines."""
        done = self.run("ingest", *map(str, files), "--case", case, "--json", check=False)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def released(self, file: Path, case: str = "Study 7") -> str:
        """Ingest and release one file; its asset id."""
        (line,) = self.ingest(file, case=case)
        assert line["state"] == "awaiting_release", line
        self.run("release", line["asset_id"])
        return str(line["asset_id"])

    def start(self) -> None:
        """Start the server on a free port of the loopback interface."""
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            [SLIDEREEL, "serve", "--port", "0", "--data", self.data],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "SLIDEREEL_LOG_LEVEL": "info"},
        )
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)
            if address := re.search(r"http://127\.0\.0\.1:\d+", line):
                self.address = address.group()
                break
        assert self.address, "".join(self.log)
        threading.Thread(target=self.log.extend, args=(self.process.stderr,), daemon=True).start()

    def kill(self) -> None:
        """End the server as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End the server as an administrator would."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(HANG_MS / 1000)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def get(self, path: str) -> bytes:
        """The body of an address that needs nobody signed in."""
        with urllib.request.urlopen(self.address + path, timeout=HANG_MS / 1000) as response:  # noqa: S310
            return bytes(response.read())


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A running server with an administrator and an annotator."""
    site = Site(tmp_path / "data")
    site.add_account("ada", "admin")
    site.add_account("ann", "annotator")
    site.start()
    yield site
    site.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium for all journeys."""
    path = os.environ.get("SLIDEREEL_CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("no Chromium on this machine; scripts/test installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_FLAGS))
        yield browser
        browser.close()


def fresh_profile(browser: Browser, site: Site) -> BrowserContext:
    """A browser profile in which nobody has been, at 1280×800."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=site.address)
    context.set_default_timeout(HANG_MS)
    return context


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A page of a fresh profile. One that logs an error or asks another host fails its test."""
    context = fresh_profile(browser, site)
    page = context.new_page()
    errors: list[str] = []
    foreign: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "request",
        lambda r: None if r.url.startswith((site.address, "data:", "blob:")) else foreign.append(r.url),
    )
    yield page
    context.close()
    assert not errors, errors
    assert not foreign, foreign


def eventually(page: Page, look: Callable[[], Seen], holds: Callable[[Seen], object]) -> Seen:
    """What is seen once it is as it should be; or at last, for the caller to assert about."""
    ends_s = time.monotonic() + HANG_MS / 1000
    while not holds(seen := look()) and time.monotonic() < ends_s:
        page.wait_for_timeout(50)
    return seen


def wait_until_saved(page: Page) -> None:
    """Wait until the server has all that was drawn."""
    expect(page.locator("[data-save-state]")).to_have_attribute("data-save-state", "saved")


def wait_for_revision(page: Page, revision: int) -> None:
    """Wait until the labels are at this revision, and nothing is on its way."""
    expect(page.get_by_text(f"rev {revision}", exact=True)).to_be_visible()
    wait_until_saved(page)


def sign_in(page: Page, username: str) -> None:
    """Sign in through the login page."""
    page.goto("/login")
    page.get_by_label("Name").fill(username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")


@pytest.fixture(scope="session")
def sample_slide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small slide as the demo's, with an invented patient in every place where a scanner puts one."""
    path = tmp_path_factory.mktemp("sample") / f"{PATIENT_IN_FILE_NAME}.svs"
    command = Path(__file__).resolve().parents[2] / "scripts" / "make_sample_slide"
    subprocess.run(  # noqa: S603 - our own command
        [sys.executable, command, path, "--width", "3000", "--height", "2200", "--quiet"], check=True
    )
    return path
