"""Forms as a browser sees and sends them, without any script."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
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


def fields(page: str) -> dict[str, Any]:
    """The inputs of the page's own form, as a browser would send them back (without buttons)."""
    form = page.partition('<main id="main"')[2]
    form = form[form.rindex("<form") :] if 'id="edit"' not in form else form[form.index('id="edit"') :]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if attributes.get("type") == "checkbox" and " checked" not in tag:
            continue
        if "name" in attributes:
            found.setdefault(attributes["name"], []).append(unescape(attributes.get("value", "")))
    for name, value in re.findall(r'<textarea [^>]*name="(\w+)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL):
        found[name] = [unescape(value)]
    return found


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
