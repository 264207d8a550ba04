"""Words that must be nowhere, in every spelling that they are given on the way, and where they are looked for."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import redis


class Needle:
    """Looks for texts that contain a core of letters and digits, which no escaping changes, and for its encodings."""

    def __init__(self, core: str) -> None:
        spelled = {core, core.encode().hex(), *_base64(core)}
        self._pattern = re.compile(b"|".join(re.escape(word.encode()) for word in spelled), re.IGNORECASE)

    def found_in(self, hay: bytes | str) -> list[str]:
        """What is around every place where it stands."""
        data = hay.encode("utf-8", "surrogateescape") if isinstance(hay, str) else hay
        return [repr(data[max(0, hit.start() - 40) : hit.end() + 20]) for hit in self._pattern.finditer(data)]


def spellings(text: str) -> list[str]:
    """A text as it may be written: in clear, in base64, in a URL, in JSON, in JSON within JSON, in HTML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    twice = escaped.replace("\\", "\\\\").replace('"', '\\"')
    html = text.replace("&", "&amp;").replace('"', "&quot;").replace("'", "&#x27;")
    encoded = base64.b64encode(text.encode()).decode()
    urlsafe = base64.urlsafe_b64encode(text.encode()).decode()
    return [text, encoded, urlsafe, quote(text, safe=""), quote_plus(text), escaped, twice, html]


def _base64(core: str) -> Iterable[str]:
    """The characters of base64 that depend on the core alone, at each of the three places where it can begin."""
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + core.encode()).decode().rstrip("=")
        yield encoded[-(-shift * 8 // 6) : (shift + len(core)) * 8 // 6]


def files_in(folder: Path, *, leave_out: str) -> dict[str, bytes]:
    """The bytes of all files below a folder but for one folder in it: databases, their logs, Redis' own, logs."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and leave_out not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def redis_dump(socket: Path) -> dict[str, str]:
    """Every key and value of a Redis, of all types."""
    client: Any = redis.Redis.from_url(f"unix://{socket}")
    found: dict[str, str] = {}
    for key in client.scan_iter(count=1000):
        kind = client.type(key).decode()
        read = {"string": "get", "hash": "hgetall", "set": "smembers", "stream": "xrange"}
        if kind in read:
            value = getattr(client, read[kind])(key)
        else:
            value = client.lrange(key, 0, -1) if kind == "list" else client.zrange(key, 0, -1, withscores=True)
        found[repr(key)] = f"{key!r} {value.decode('latin-1') if isinstance(value, bytes) else value!r}"
    return found
