"""Drive a browser against a real Home Assistant, for tests and for pictures.

The browser is the machine's own Chromium (Debian's ``chromium`` package); Playwright
brings only the driver. It is told to talk to nobody by itself, names of hosts are not
resolved, and every address a page asks for is written down, so that a test can show
that nothing but this computer was asked.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import json
import shutil
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.async_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    Playwright,
    async_playwright,
    expect,
)

from .hass_client import HassClient
from .processes import HOST, ProcessError

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE {HOST}",
)

#: Width and height in CSS pixels.
DESKTOP = (1280, 900)
PHONE = (390, 844)

#: Milliseconds a page may take for one thing; two busy cores can be slow.
PATIENCE = 30_000

_NAVIGATE = """path => {
  history.pushState(null, "", path);
  window.dispatchEvent(new CustomEvent("location-changed", {detail: {replace: false}}));
}"""
#: Also run where nothing may be kept: in empty frames.
_KEEP = """
if (origin === "%s") {
  for (const [key, value] of Object.entries(%s)) localStorage.setItem(key, value);
}"""
_IS_READY = """() => {
  const root = document.querySelector("home-assistant");
  return Boolean(root?.hass?.states && root.hass.user && root.hass.config?.state === "RUNNING"
    && !document.querySelector("#ha-launch-screen"));
}"""


def find_chromium() -> str | None:
    """Return the path of the machine's Chromium, None if there is none."""
    found = (shutil.which(name) for name in _PROGRAMS)
    return next((path for path in found if path), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How somebody looks at Home Assistant.

    ``size`` is width and height in CSS pixels, of which each is ``scale`` times ``scale``
    dots of a picture. A ``phone`` has a touch screen.
    """

    size: tuple[int, int] = DESKTOP
    dark: bool = False
    phone: bool = False
    scale: float = 1
    sidebar: bool = True
    language: str = "en"
    time_zone: str = "Europe/Berlin"

    def context_options(self) -> dict[str, Any]:
        """Return what Playwright's ``new_context`` takes."""
        return {
            "viewport": {"width": self.size[0], "height": self.size[1]},
            "color_scheme": "dark" if self.dark else "light",
            "has_touch": self.phone,
            "is_mobile": self.phone,
            "device_scale_factor": self.scale,
            "locale": self.language,
            "timezone_id": self.time_zone,
            "reduced_motion": "reduce",
            # A worker would answer from its cache, and ask in ways nobody sees.
            "service_workers": "block",
        }


ON_PHONE = View(size=PHONE, phone=True)


@dataclass(slots=True)
class Seen:
    """What happened on the pages of a browser, beside what they show."""

    requests: list[str] = field(default_factory=list)
    """The addresses the pages have asked for, without what they sent."""
    errors: list[str] = field(default_factory=list)
    """The JavaScript errors nobody caught, with where they came from."""

    @property
    def elsewhere(self) -> list[str]:
        """Return the addresses that are not on this computer."""
        return [url for url in self.requests if not _is_local(url)]

    def watch(self, context: BrowserContext) -> None:
        """Write down what happens on all pages of a context."""
        context.on("request", lambda request: self.requests.append(request.url))
        context.on(
            "weberror",
            lambda found: self.errors.append(found.error.stack or str(found.error)),
        )


def _is_local(url: str) -> bool:
    """Tell if an address is one of this computer, or none of the network at all."""
    parts = urlsplit(url)
    return parts.scheme in ("data", "blob", "about") or parts.hostname == HOST


class HassBrowser:
    """One Chromium. Use as ``async with HassBrowser() as browser``."""

    def __init__(self) -> None:
        """Prepare a browser; it is not started yet."""
        self.seen = Seen()
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None

    async def __aenter__(self) -> Self:
        """Start the browser. Raises ProcessError if this machine has none."""
        program = find_chromium()
        if program is None:
            raise ProcessError("Chromium is not installed (Debian: chromium)")
        self._playwright = await async_playwright().start()
        self._browser = await self._playwright.chromium.launch(
            executable_path=program, args=list(_ARGUMENTS)
        )
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every page and the browser."""
        if self._browser is not None:
            await self._browser.close()
        if self._playwright is not None:
            await self._playwright.stop()

    @asynccontextmanager
    async def looking(
        self, client: HassClient, path: str = "/", view: View | None = None
    ) -> AsyncGenerator[Page]:
        """Give a page of its own to somebody who is logged in, opened at ``path``.

        It is closed at the end. The login is the client's: put where the frontend
        keeps it, as if typed in.
        """
        assert self._browser is not None
        view = view or View()
        context = await self._browser.new_context(**view.context_options())
        try:
            context.set_default_timeout(PATIENCE)
            self.seen.watch(context)
            kept = {
                "hassTokens": json.dumps(client.browser_tokens()),
                "dockedSidebar": json.dumps(
                    "docked" if view.sidebar else "always_hidden"
                ),
            }
            await context.add_init_script(_KEEP % (client.url, json.dumps(kept)))
            await context.grant_permissions(
                ["clipboard-read", "clipboard-write"], origin=client.url
            )
            page = await context.new_page()
            await page.goto(f"{client.url}{path}", wait_until="domcontentloaded")
            await wait_until_ready(page)
            yield page
        finally:
            await context.close()


async def wait_until_ready(page: Page) -> None:
    """Wait until the frontend is connected and has taken its launch screen away."""
    await page.wait_for_function(_IS_READY, timeout=2 * PATIENCE)


async def navigate(page: Page, path: str) -> None:
    """Go to a path as a click on a link does, without loading everything anew."""
    await page.evaluate(_NAVIGATE, path)


async def reload(page: Page) -> None:
    """Load the page anew, as somebody does who does not trust it."""
    await page.reload(wait_until="domcontentloaded")
    await wait_until_ready(page)


async def is_shown(place: Locator) -> None:
    """Wait until something is to be seen; AssertionError if it does not come."""
    await expect(place).to_be_visible(timeout=PATIENCE)


async def is_gone(place: Locator) -> None:
    """Wait until something is not to be seen any more."""
    await expect(place).to_be_hidden(timeout=PATIENCE)
