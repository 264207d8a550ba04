"""Forms as a browser sees and sends them, without any script."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from typing import Any

from django.test import Client

from clusters.models import Cluster

NEW = "/peers/new/"
PEER = "/peers/lab/metallb-system/doc-example-peer/"
FORM = {
    "from": "form",
    "cluster": "lab",
    "name": "doc-example-peer",
    "namespace": "metallb-system",
}
Work = Callable[[Cluster], None]


class _Sent(HTMLParser):
    """What a browser would send of one form."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self.wanted, self.inside, self.found = form, False, {}  # type: str, bool, dict[str, list[str]]
        self._area, self._select, self._chosen = "", "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = not self.wanted or given.get("id", "") == self.wanted
        if not self.inside:
            return
        if tag == "input" and "name" in given:
            if given.get("type") not in {"checkbox", "radio"} or "checked" in given:
                self._add(given["name"], given.get("value", ""))
        elif tag == "textarea":
            self._area = given["name"]
            self.found[self._area] = [""]
        elif tag == "select":
            self._select, self._chosen = given["name"], ""
        elif tag == "option" and self._select and "selected" in given:
            self._chosen = given.get("value", "\0")

    def handle_data(self, data: str) -> None:
        if self._area:
            self.found[self._area][0] += data
        elif self._chosen == "\0":
            self._chosen = data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            self.found[self._area][0] = self.found[self._area][0].removeprefix("\n")
            self._area = ""
        elif tag == "select" and self._select:
            self._add(self._select, self._chosen)
            self._select = ""

    def _add(self, name: str, value: str) -> None:
        self.found.setdefault(name, []).append(value)


def fields(page: str) -> dict[str, Any]:
    """The inputs of the page's own form, as a browser would send them back (without buttons)."""
    main = page.partition('<main id="main"')[2]
    parser = _Sent("edit" if 'id="edit"' in main else "")
    parser.feed(main if 'id="edit"' in main else main[main.rindex("<form") :])
    return dict(parser.found)


def problem(page: str, field: str) -> str:
    """What stands beside a field."""
    found = re.search(
        rf'<div id="p-f-{re.escape(field)}"[^>]*>(.*?)</div>\s*(?:<p id="s-|</div>|<div id="p-)',
        page,
        re.DOTALL,
    )
    assert found, field
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[1])).split())


def post(client: Client, path: str, step: str, data: dict[str, Any], **headers: str) -> Any:
    return client.post(path, {**data, "step": step}, headers=headers)
