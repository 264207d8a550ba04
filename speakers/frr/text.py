"""Text from FRR made safe to keep and to show: no passwords, no control characters, bounded length."""

from __future__ import annotations

import re

from clusters.kube.frr_text import masked

LIMIT = 256 * 1024  # characters of a shown command output

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_UNREADABLE = re.compile("\ufffd+")  # a line of it says no more than one
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


def clean(value: object, limit: int = 200) -> str:
    """One line of at most `limit` characters: "" for what is not text, no control or direction characters."""
    if not isinstance(value, str):
        return ""
    if value.isascii() and value.isprintable() and len(value) <= limit:
        return value
    value = " ".join(_CONTROL.sub(" ", value[: 4 * limit]).split())
    return value if len(value) <= limit else value[: limit - 1] + "…"


def redact(output: str | bytes, limit: int = LIMIT) -> str:
    """FRR's output for people: passwords masked, control characters gone, cut at `limit` characters.

    bgpd prints `neighbor A password SECRET` in clear in its running configuration (FRR, show running-config).
    """
    if isinstance(output, bytes):
        output = _UNREADABLE.sub("\ufffd", output[: 4 * limit].decode("utf-8", "replace"))
    output = _CONTROL.sub("", _ANSI.sub("", output[: 4 * limit].replace("\r\n", "\n")))
    output = masked(output)
    return output if len(output) <= limit else f"{output[:limit]}\n… cut after {limit} characters"


def first_line(*outputs: bytes, limit: int = 300) -> str:
    """The first line that says something, redacted: what to show as the reason of a failed command."""
    for output in outputs:
        for line in redact(output, 4096).splitlines():
            if line.strip():
                return clean(line, limit)
    return ""
