"""Texts by others in a chat: they call nobody, link nowhere, load nothing, and look like nothing of ours."""

from __future__ import annotations

import re

_JOINER = "\u2060"  # WORD JOINER: not seen, and no part of any name, address or mark
# Slack's own rule: these three have a meaning, as in `<!channel>` and `<http://…|reset>`; Mattermost takes these, too.
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Marks work inside of words, too, and Slack knows no backslash: others that look like them stand in their place.
_LIKE = {"*": "\u2217", "`": "\u02cb", "~": "\u223c", "|": "\u2223"}
_CHARACTERS = str.maketrans({**_ESCAPES, **_LIKE, "@": f"@{_JOINER}", "_": f"{_JOINER}_{_JOINER}"})
_BROKEN = re.compile(
    r"(?<=\])(?=[(\[:])"  # [text](address), [text][name], [name]: address
    r"|(?<=:)(?=//)|(?<=\bwww)(?=\.)"  # what becomes a link, and is fetched for a preview, by itself
    r"|^(?=[#+=-]|\d+[.)])",  # headings and lists
    re.IGNORECASE,
)


def harmless(text: str) -> str:
    """One line for Slack, Mattermost and Rocket.Chat, which reads as it did and can be nothing but text."""
    return _BROKEN.sub(_JOINER, text).translate(_CHARACTERS)
