"""The vtysh program: argv in, standard output, standard error and the exit code out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lab.speakers.fsm import advance
from lab.speakers.node import DAEMONS, Speaker
from lab.speakers.vtysh.commands import GRAMMAR
from lab.speakers.vtysh.grammar import Command


class Output(NamedTuple):
    """What a program printed, and its exit code."""

    stdout: bytes
    stderr: bytes = b""
    code: int = 0


def is_vtysh(program: str) -> bool:
    """True for the names under which vtysh is called."""
    return program in {"vtysh", "/usr/bin/vtysh"}


def run(speaker: Speaker, argv: Sequence[str], now: float) -> Output:
    """`vtysh -c A -c B ...`: the commands in order, up to the first one that vtysh refuses."""
    commands = _commands(argv)
    if commands is None:
        return Output(b"", f"vtysh: invalid option -- {argv[1]!r}\n".encode(), 1)
    if speaker.down.issuperset(DAEMONS):
        return Output(b"", b"Exiting: failed to connect to any daemons.\n", 1)
    for session in speaker.sessions.values():
        advance(session, now)
    if not commands:
        banner = f"\nHello, this is FRRouting (version {speaker.flavour.version}).\n"
        return Output(f"{banner}Copyright 1996-2005 Kunihiro Ishiguro, et al.\n\n".encode())
    printed: list[str] = []
    for line in commands:
        found = GRAMMAR.read(line, known=lambda command: _knows(speaker, command))
        if isinstance(found, str):
            return Output("".join([*printed, found]).encode(), b"", 1)
        command, arguments = found
        if command.daemon in speaker.down:
            return Output("".join(printed).encode(), f"{command.daemon} is not running\n".encode(), 1)
        printed.append(command.answer(speaker, arguments, now))
    return Output("".join(printed).encode())


def _knows(speaker: Speaker, command: Command) -> bool:
    return not command.since or command.since in speaker.flavour


def _commands(argv: Sequence[str]) -> list[str] | None:
    """The texts after each -c; None for other options."""
    rest = list(argv[1:])
    pairs = list(zip(rest[::2], rest[1::2], strict=False))
    if len(rest) % 2 or any(option not in {"-c", "--command"} for option, _ in pairs):
        return None
    return [text for _, text in pairs]
