"""The soak finds what it is there to find, and the same seed breaks the same things."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from lab.cluster import Lab
from lab.containers import MARKUP
from lab.speakers.session import FOREVER, State
from tests.soak.plan import KILLS_UNTIL, rounds
from tests.soak.shown import Shown, unescaped
from tests.soak.stage import KILLING, OTHERS
from tests.soak.truth import ABSENT, FALSIFIED, MUTE, UP, Truth
from tests.soak.upkeep import ENOUGH, Sample, Upkeep

PLACE = "compute-1.example.com", "default", "10.1.0.2"


@pytest.fixture
async def truth() -> AsyncIterator[Truth]:
    async with Lab(nodes=1, seed_peers=True) as lab:
        yield Truth(lab)


@pytest.fixture
async def shown(truth: Truth, tmp_path: Path) -> AsyncIterator[Shown]:
    (tmp_path / "token").write_text("token")
    found = Shown("http://127.0.0.1:1/", tmp_path, truth)
    yield found
    await found.close()


def row(state: str, age: float, health: str = "up") -> dict[str, Any]:
    at = datetime.fromtimestamp(time.time() - age, UTC).isoformat()
    where = dict(zip(("node", "vrf", "neighbor"), PLACE, strict=True))
    return {**where, "id": 1, "state": state, "health": health, "observed_at": at}


async def test_the_truth_follows_the_speakers(truth: Truth) -> None:
    assert truth.now()[PLACE] == "Idle"
    session = truth._speakers.session(PLACE[0], PLACE[2])
    session.next_at = 0.0  # the start timer fires, and everything that follows is due as well
    assert truth.now()[PLACE] == UP
    since = truth.seen[PLACE][-1][0]
    session.state, session.established_at, session.since = State.IDLE, since + 1, since + 2
    session.next_at = FOREVER
    truth.look()
    assert list(truth.seen[PLACE])[-2:] == [(since + 1, UP), (since + 2, "Idle")]
    del truth._speakers.speakers[PLACE[0]].sessions[PLACE[1:]]
    truth.look()
    assert truth.seen[PLACE][-1][1] == ABSENT


async def test_what_was_not_so_is_found(shown: Shown, truth: Truth) -> None:
    now = time.time()
    truth.seen[PLACE] = deque([(0.0, UP), (now - 60, "Idle"), (now - 59, "Active")])
    shown.places[1] = PLACE

    assert list(shown._wrong_row(row("Established", 70, "unknown"), now)) == []
    (words,) = shown._wrong_row(row("Established", 30, "late"), now)
    assert "it was ['Active']" in words
    (words,) = shown._wrong_row(row("Active", 30, "down"), now)
    assert "nobody has looked for 30" in words
    (words,) = shown._wrong_row(row("Absent", 1, "absent"), now)
    assert "is Absent" in words

    cell = '<a class="cell" id="s1" href="/sessions/1/" data-h="{}">'
    assert list(shown._wrong_cells(cell.format("down"), now)) == []
    assert len(list(shown._wrong_cells(cell.format("up"), now))) == 1


async def test_a_neighbor_in_a_vrf_that_does_not_exist_is_believed_while_frr_says_so(
    shown: Shown, truth: Truth
) -> None:
    truth.look()
    odd = row("Idle", 1, "orphan") | {"vrf": MARKUP}
    assert len(list(shown._wrong_row(odd, time.time()))) == 1
    with truth.spell(FALSIFIED, PLACE[0]):
        assert list(shown._wrong_row(odd, time.time())) == []
    assert list(shown._wrong_row(odd, time.time())) == []
    assert not truth.was_falsified(PLACE[0], time.time() + 1, time.time() + 2)


async def test_an_answer_of_a_node_that_could_not_give_one_is_found(shown: Shown, truth: Truth) -> None:
    truth.look()
    with truth.spell(MUTE, PLACE[0]):
        (spell,) = truth.spells
        assert list(shown._wrong_row(row("Idle", 1, "down"), time.time())) == []  # asked before
        spell.begin -= 20
        (words,) = shown._wrong_row(row("Idle", 1, "down"), time.time())
    assert "no answer of use" in words
    assert list(shown._wrong_row(row("Idle", 1, "down"), time.time())) == []  # the command may have run after it
    assert truth.was_mute(PLACE[0], time.time() - 10)
    assert not truth.was_mute("another", time.time() - 10)


def test_markup_of_others_is_found() -> None:
    assert unescaped("/", f"<td>{MARKUP}</td>")
    assert not unescaped("/", "<td>&lt;script&gt;alert(1)&lt;/script&gt;</td>")


def test_growth_and_tracebacks_are_found(tmp_path: Path) -> None:
    upkeep = Upkeep(tmp_path)
    upkeep.memory["web"] = [Sample(1, 100 + number) for number in range(5 * ENOUGH)]
    upkeep.memory["beat"] = [Sample(number // 5, 100 + 9 * (number % 5)) for number in range(50)]
    assert [words.split()[0] for words in upkeep.heavy()] == ["web"]
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "web.log").write_text("fine\n2026 ERROR web: no\nTraceback (most recent call last)\n")
    upkeep.read_logs()
    upkeep.read_logs()
    assert (len(upkeep.tracebacks), upkeep.errors) == (1, ["web.log: 2026 ERROR web: no"])


def test_a_seed_breaks_the_same_things_and_every_kind_comes_up() -> None:
    first, again = (list(islice(rounds(5), 2 * KILLS_UNTIL)) for _ in range(2))
    assert first == again != list(islice(rounds(6), 2 * KILLS_UNTIL))
    happened = [{event.happening for event in events} for events in first]
    assert set().union(*happened) == {*OTHERS, *KILLING}
    assert not set().union(*happened[KILLS_UNTIL:]) & set(KILLING)
