"""What the product shows, by REST and on its pages, held against what was so."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp

from lab.containers import MARKUP
from tests.soak.truth import ABSENT, ANSWERED, EXEC_TIMEOUT, UP, Place, Truth

PAGES = ("", "speakers/", "topology/", "timeline/", "nodes/", "alarms/", "clusters/", "services/", "changes/")
_LIVE = 2.0 + EXEC_TIMEOUT + 1.0  # seconds after which nothing counts as live, and one to compute the page
_SEEING = {"up", "degraded", "down", "absent", "orphan"}  # words for what counts as observed now
_CELL = re.compile(r'id="s(\d+)" href="[^"]*" data-h="(\w+)"')
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Away(Exception):
    """The web process does not answer; the text says how."""


@dataclass
class Shown:
    """A browser and a script at the demo. places: the sessions by the number that pages give them."""

    url: str
    folder: Path
    truth: Truth
    looks: int = 0
    nudges: int = 0
    places: dict[int, Place] = field(default_factory=dict)

    def __post_init__(self) -> None:
        limit = aiohttp.ClientTimeout(total=60)
        bearer = {"Authorization": f"Bearer {(self.folder / 'token').read_text().strip()}"}
        self._script = aiohttp.ClientSession(f"{self.url}api/v1/", headers=bearer, timeout=limit)
        self._browser = aiohttp.ClientSession(self.url, timeout=limit, cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def close(self) -> None:
        await self._script.close()
        await self._browser.close()

    async def log_in(self) -> None:
        """As the demo's admin."""
        found = _TOKEN.search(await self.page("login/"))
        assert found is not None
        secret = (self.folder / "password").read_text().strip()
        data = {"csrfmiddlewaretoken": unescape(found[1]), "username": "admin", "password": secret}
        async with self._browser.post("login/", data=data, headers={"Referer": f"{self.url}login/"}) as answer:
            assert answer.ok, answer.status

    async def page(self, path: str) -> str:
        """A page's text. Raises Away; AssertionError for anything but 200."""
        try:
            async with self._browser.get(path) as answer:
                text = await answer.text()
                assert answer.status == 200, f"{path or '/'} answers {answer.status}"
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise Away(f"{type(error).__name__}: {error}") from error
        return text

    async def listen(self) -> None:
        """What an open page does until cancelled: hold the event stream, and come back when it breaks."""
        endless = aiohttp.ClientTimeout(total=None, sock_read=60)
        while True:
            with suppress(aiohttp.ClientError, TimeoutError, ConnectionError):
                async with self._browser.get("events/", timeout=endless) as stream:
                    async for line in stream.content:
                        self.nudges += line.startswith(b"event:")
            await asyncio.sleep(1)

    async def api(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """A request to REST: the status code and the JSON. Raises Away."""
        try:
            async with self._script.request(method, path, json=body) as answer:
                return answer.status, await answer.json()
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise Away(f"{type(error).__name__}: {error}") from error

    async def sessions(self) -> list[dict[str, Any]]:
        """All sessions as REST has them. Raises Away."""
        status, found = await self.api("GET", "sessions/?page_size=500")
        assert status == 200, found
        rows: list[dict[str, Any]] = found["results"]
        self.places |= {row["id"]: _place(row) for row in rows}
        return rows

    async def wrong(self) -> list[str]:
        """What REST and the home page say that was not so. Raises Away."""
        began = time.time()
        rows = await self.sessions()
        self.truth.look()
        found = [words for row in rows for words in self._wrong_row(row, began)]
        began = time.time()
        text = await self.page("")
        self.truth.look()
        self.looks += 1
        return [*found, *self._wrong_cells(text, began), *unescaped("/", text)]

    def _wrong_row(self, row: dict[str, Any], asked: float) -> Iterator[str]:
        if row["observed_at"] is None or row["state"] == "Unknown":
            return
        place, observed = _place(row), datetime.fromisoformat(row["observed_at"]).timestamp()
        if row["health"] in _SEEING and asked - observed > _LIVE:
            yield f"{place} is {row['health']}, and nobody has looked for {asked - observed:.1f} s"
        if self.truth.was_mute(place[0], observed):
            yield f"{place} is {row['state']} as of {row['observed_at']}, when its node gave no answer of use"
        states = self.truth.between(place, observed, observed + ANSWERED)
        if self.truth.was_falsified(place[0], observed - 0.5, observed + ANSWERED):
            states.add(ABSENT)
            states |= self.truth.between((place[0], "default", place[2]), observed, observed + ANSWERED)
        if row["state"] not in states:
            yield f"{place} is {row['state']} as of {row['observed_at']}; it was {sorted(states)}"

    def _wrong_cells(self, text: str, asked: float) -> Iterator[str]:
        for number, health in _CELL.findall(text):
            place = self.places.get(int(number))
            if place is None or health not in {"up", "degraded", "down"} or place[1] == MARKUP:
                continue
            states = self.truth.between(place, asked - _LIVE, time.time())
            if not (UP in states if health != "down" else states - {UP}):
                yield f"the home page says that {place} is {health}; it was {sorted(states)}"

    async def unsettled(self) -> list[str]:
        """What still differs from what is so, once nothing is broken any more."""
        try:
            rows = {_place(row): row for row in await self.sessions()}
        except Away as error:
            return [str(error)]
        there = self.truth.now()
        found = [f"{place} is not shown" for place in there.keys() - rows.keys()]
        for place, row in rows.items():
            if place not in there:
                found.append(f"{place} is shown as {row['health']}, and does not exist")
            elif row["health"] not in ({"up", "degraded"} if there[place] == UP else {"down"}):
                found.append(f"{place} is shown as {row['health']} and is {there[place]}")
        return found

    async def walk(self) -> list[str]:
        """Look at the pages, and at the page of one session: all must be there, without markup of others."""
        found = []
        for path in (*PAGES, f"sessions/{min(self.places)}/"):
            try:
                found += unescaped(path, await self.page(path))
            except AssertionError as error:
                if not path.startswith("sessions/"):  # it may have gone with its node
                    found.append(str(error))
        return found


def unescaped(path: str, text: str) -> list[str]:
    """What others wrote and the browser would take for HTML."""
    return [f"unescaped on {path}: {text[at - 80 : at + 80]!r}"] if (at := text.find(MARKUP)) >= 0 else []


def _place(row: dict[str, Any]) -> Place:
    return row["node"], row["vrf"], row["neighbor"]
