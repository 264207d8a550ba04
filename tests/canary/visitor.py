"""A person and a script at a running demo: what they get back is kept, and every address is looked at in the end."""

from __future__ import annotations

import re
from collections import deque
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve

from tests.demo import Demo
from tests.pages.forms import fields

_MOST = 1500  # pages


class Visitor:
    """Logged in as the demo's admin. answers: everything that came back, by method and address."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        self.answers: list[tuple[str, bytes]] = []
        self.pages = requests.Session()
        self.script = requests.Session()
        self.script.headers["Authorization"] = f"Bearer {demo.token}"
        login = self.get("/login/")
        secret = (demo.folder / "password").read_text().strip()
        data = {**fields(login), "username": "admin", "password": secret}
        assert self.pages.post(f"{demo.url}/login/", data=data, timeout=60).ok

    def get(self, path: str, **headers: str) -> str:
        """A page."""
        return self._keep("GET", self.pages.get(urljoin(self.demo.url, path), headers=headers, timeout=60))

    def post(self, path: str, data: dict[str, Any]) -> str:
        """Send a form."""
        headers = {"Referer": self.demo.url}
        data = {"csrfmiddlewaretoken": self.pages.cookies.get_dict().get(self._csrf, ""), **data}
        return self._keep("POST", self.pages.post(urljoin(self.demo.url, path), data=data, headers=headers, timeout=60))

    @property
    def _csrf(self) -> str:
        return next((name for name in self.pages.cookies.get_dict() if "csrf" in name), "csrftoken")

    def api(self, method: str, path: str, body: Any = None, *, yaml: str | None = None) -> requests.Response:
        """A request to the API; `path` begins after /api/v1/."""
        more: dict[str, Any] = {"json": body} if body is not None else {}
        if yaml is not None:
            more = {"data": yaml.encode(), "headers": {"Content-Type": "application/yaml"}}
        answer = self.script.request(method, f"{self.demo.url}/api/v1/{path}", timeout=90, **more)
        self._keep(method, answer)
        return answer

    def _keep(self, method: str, answer: requests.Response) -> str:
        self.answers.append((f"{method} {answer.url}", f"{answer.url} {answer.headers}".encode() + answer.content))
        return answer.text

    def crawl(self) -> set[str]:
        """Follow every link from the home page; the names of the routes that were reached."""
        seen, left, names = {"/"}, deque(["/"]), set[str]()
        shapes = set[tuple[str, str]]()
        while left and len(seen) < _MOST:
            path = left.popleft()
            text = self.get(path)
            names.add(name_of(path))
            self.get(path, **{"HX-Request": "true"})
            for link in re.findall(r'(?:href|hx-get|action)="([^"#]+)', text):
                target = urlsplit(urljoin(f"{self.demo.url}{path}", unescape(link)))
                if target.netloc != urlsplit(self.demo.url).netloc or target.path.startswith(("/static/", "/logout/")):
                    continue
                # Of one object, all pages; of one list, each kind of filter once.
                shape = target.path, ",".join(sorted(part.partition("=")[0] for part in target.query.split("&")))
                where = f"{target.path}?{target.query}" if target.query else target.path
                if shape not in shapes and "events" not in target.path:
                    shapes.add(shape)
                    seen.add(where)
                    left.append(where)
        return names

    def crawl_api(self) -> list[str]:
        """GET every operation of the API's own description, for every object there is; those that could not be made."""
        json = {"Accept": "application/vnd.oai.openapi+json"}
        described = self.script.get(f"{self.demo.url}/api/v1/schema/", headers=json, timeout=90).json()["paths"]
        lists: dict[str, list[dict[str, Any]]] = {}
        missed = []
        for path, operations in sorted(described.items(), key=lambda item: item[0].count("{")):
            short = path.removeprefix("/api/v1/")
            if "get" not in operations:
                continue
            if "{" not in short:
                paged = any(one["name"] == "page_size" for one in operations["get"].get("parameters", ()))
                answer = self.api("GET", short + ("?page_size=1000" if paged else ""))
                found = answer.json() if answer.headers["Content-Type"].partition(";")[0] == "application/json" else {}
                lists[short] = found.get("results", []) if isinstance(found, dict) else []
                continue
            items = lists.get(short.partition("{")[0], [])
            if not items:
                missed.append(short)
            for item in items[:300]:
                self.api("GET", _filled(short, item))
        return missed


def _filled(path: str, item: dict[str, Any]) -> str:
    metadata = item.get("metadata") or {}
    known = {**item, "namespace": metadata.get("namespace", item.get("namespace")), "id": item.get("id")}
    known["name"] = metadata.get("name") or item.get("name")
    return re.sub(r"\{(\w+)\}", lambda part: str(known.get(part[1], "x")), path)


def name_of(path: str) -> str:
    """The name of the route that an address leads to, "" if it leads nowhere."""

    try:
        return resolve(path.partition("?")[0]).url_name or ""
    except Resolver404:
        return ""


def route_names(resolver: URLResolver | None = None) -> set[str]:
    """The names of all routes outside the API."""
    found: set[str] = set()
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            found |= {entry.name} if entry.name else set()
        elif not str(entry.pattern).startswith(("api/", "admin/")):
            found |= route_names(entry)
    return found
