"""How vtysh reads a command: keywords may be shortened as long as one command remains."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product

from lab.speakers.node import Speaker

Arguments = Mapping[str, str]
Handler = Callable[[Speaker, Arguments, float], str]
_PART = re.compile(r"\[[^]]*\]|\S+")


@dataclass(frozen=True, slots=True)
class Command:
    """daemon: who answers, "" = vtysh itself or any daemon. since: a feature of the flavour, "" = every release."""

    answer: Handler
    daemon: str = ""
    since: str = ""


@dataclass(slots=True)
class _Node:
    words: dict[str, _Node] = field(default_factory=dict)
    parameter: tuple[str, _Node] | None = None
    command: Command | None = None

    def follow(self, token: str) -> list[tuple[_Node, str]]:
        """The nodes that a token leads to, with the name of the parameter that it fills."""
        if token in self.words:
            return [(self.words[token], token)]
        found = [(node, word) for word, node in self.words.items() if word.startswith(token)]
        if found or self.parameter is None:
            return found
        return [(self.parameter[1], self.parameter[0])]

    def child(self, word: str) -> _Node:
        """The node behind a word of the grammar; capitals name a parameter."""
        if not word.isupper():
            return self.words.setdefault(word, _Node())
        if self.parameter is None:
            self.parameter = (word, _Node())
        return self.parameter[1]


class Grammar:
    """Commands such as `show bgp [vrf VRF] neighbors [NEIGHBOR] [json]`; brackets: optional, `a|b`: either."""

    def __init__(self, commands: Iterable[tuple[str, Command]]) -> None:
        self._root = _Node()
        for text, command in commands:
            for words in _forms(text):
                node = self._root
                for word in words:
                    node = node.child(word)
                node.command = command

    def read(self, line: str, *, known: Callable[[Command], bool]) -> tuple[Command, dict[str, str]] | str:
        """The command and its arguments (keywords map to themselves), or vtysh's words of refusal."""
        states: list[tuple[_Node, dict[str, str]]] = [(self._root, {})]
        for token in line.split():
            states = [
                (node, {**arguments, name: token if name.isupper() else name})
                for before, arguments in states
                for node, name in before.follow(token)
            ]
        whole = [(n.command, arguments) for n, arguments in states if n.command is not None and known(n.command)]
        if len(whole) == 1:
            return whole[0]
        if whole:
            return f"% Ambiguous command: {line}\n"
        incomplete = any(node.words or node.parameter for node, _ in states)
        return f"% Command incomplete: {line}\n" if incomplete else f"% Unknown command: {line}\n"


def _forms(text: str) -> Iterable[list[str]]:
    """All the ways to write a command with its optional parts and alternatives."""
    choices: list[list[list[str]]] = []
    for part in _PART.findall(text):
        optional = part.startswith("[")
        inner = part.strip("[]").split()
        forms = [list(words) for words in product(*(word.split("|") for word in inner))]
        choices.append([*forms, []] if optional else forms)
    for chosen in product(*choices):
        yield [word for words in chosen for word in words]
