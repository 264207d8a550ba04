"""A password between the form and Apply: neither half says anything, both together give it back once."""

from __future__ import annotations

import pytest
from django.contrib.sessions.backends.base import SessionBase

from clusters.editing.sealed import seal, unseal


@pytest.fixture
def session() -> SessionBase:
    return SessionBase()


@pytest.mark.parametrize("password", ["a", "correct horse", "pässwörd", "x" * 80, ""])
def test_both_halves_give_the_password_back_once(session: SessionBase, password: str) -> None:
    page = seal(session, password)
    assert unseal(session, page, keep=True) == password
    assert unseal(session, page) == password
    assert unseal(session, page) is None


def test_halves_have_the_same_length_and_differ_each_time(session: SessionBase) -> None:
    one, other = seal(session, "short"), seal(session, "much longer than that")
    kept = list(session["sealed-passwords"].values())
    assert len({len(one), len(other)}) == 1
    assert len({len(half) for half in kept}) == 1
    assert seal(session, "short").partition(".")[2] != one.partition(".")[2]


@pytest.mark.parametrize("damage", ["", "x", ".", "unknown.aaaa", "{name}.", "{name}.!!!", "{name}.YWJj", "{name}"])
def test_a_damaged_half_gives_nothing(session: SessionBase, damage: str) -> None:
    name = seal(session, "secret").partition(".")[0]
    assert unseal(session, damage.format(name=name)) is None


def test_old_reviews_are_forgotten(session: SessionBase) -> None:
    first = seal(session, "secret")
    for _ in range(5):
        seal(session, "other")
    assert unseal(session, first) is None
    assert len(session["sealed-passwords"]) == 5


def test_what_no_router_takes_is_refused(session: SessionBase) -> None:
    with pytest.raises(ValueError, match="too long"):
        seal(session, "x" * 511)
