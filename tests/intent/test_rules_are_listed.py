"""docs/rules.md lists exactly the codes that the rules have."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import intent.rules
from intent.kinds import KINDS
from intent.kinds.field import Field
from tests.intent.catalogue import LISTED

_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
_NO_CODES = {"utf-8", "link-local"}
_ONE_WORD = {"required"}
# Codes that are put together, by their ending in the source.
_MADE = {"-syntax": {"vrf-syntax", "interface-syntax", "label-syntax", "annotation-syntax"},
         "-impossible": {"vrf-impossible", "interface-impossible"}}  # fmt: skip


def _written() -> Iterator[str]:
    for path in Path(intent.rules.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
                yield node.value
            elif isinstance(node, ast.JoinedStr) and isinstance(node.values[-1], ast.Constant):
                yield from _MADE.get(str(node.values[-1].value), ())


def _by_cel(fields: tuple[Field, ...]) -> Iterator[str]:
    for field in fields:
        yield from (rule.name for rule in field.cel)
        yield from _by_cel(field.properties)
        yield from _by_cel((field.items,)) if field.items is not None else ()


def test_every_code_is_listed_and_nothing_else() -> None:
    codes = {*_written(), *_ONE_WORD} - _NO_CODES
    for kind in KINDS.values():
        codes |= {*_by_cel(kind.fields), *(rule.name for rule in kind.stored.cel)}
    assert sorted(LISTED) == sorted(codes)


def test_the_list_uses_known_words_only() -> None:
    for code, (severities, kinds) in LISTED.items():
        assert severities <= {"error", "documented", "warning"}, code
        assert kinds <= {*KINDS, "FRRConfiguration", "none"}, code
