"""Paths of fields as people read them: `spec.peerASN`, `metadata.labels["app.kubernetes.io/name"]`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

_PLAIN = re.compile(r"[\w-]+", re.ASCII)
_PART = re.compile(r'([\w-]+)|\[("(?:[^"\\]|\\.)*")\]', re.ASCII)


def under(path: str, key: str) -> str:
    """The path of a key in what is at a path; a key that is more than a word is quoted."""
    if _PLAIN.fullmatch(key):
        return f"{path}.{key}" if path else key
    return f"{path}[{json.dumps(key, ensure_ascii=False)}]"


def joined(keys: Iterable[str]) -> str:
    """The path that these keys are."""
    path = ""
    for key in keys:
        path = under(path, key)
    return path


def keys_of(path: str) -> list[str]:
    """The keys of a path."""
    return [plain or json.loads(quoted) for plain, quoted in _PART.findall(path)]
