"""What a change destroys is asked for in numbers, and what was confirmed counts until the numbers are larger."""

from __future__ import annotations

import pytest

from intent.announcements import ServiceRef
from intent.confirmations import Confirmation, confirmation_of, confirmations, unconfirmed
from intent.effects import Effects, ServiceChange
from intent.reach import Reach
from intent.session_changes import SessionChange

WEB, DB, OLD = (ServiceRef("shop", name) for name in ("web", "db", "old"))
LOST, DARK = (Reach(2, 1, 2, 2), Reach(0, 0)), (Reach(2, 1, 2, 2), Reach(1, 1, 1, 0))


def test_services_that_nobody_hears_of_any_more_are_counted_but_not_those_that_go_themselves() -> None:
    found = Effects(services=(ServiceChange(WEB, *LOST), ServiceChange(DB, *DARK), ServiceChange(OLD, *LOST)))
    (one,) = confirmations((), 0, found, {WEB, DB}, 25)
    assert str(one) == "services-withdrawn:2"
    assert one.sentence == "2 services lose their last announcement: shop/db, shop/web."


@pytest.mark.parametrize(("share", "asked"), [(69.9, ["sessions-reset:14-of-20"]), (70, []), (100, [])])
def test_sessions_that_reset_or_close_are_a_share_of_all(share: float, asked: list[str]) -> None:
    nodes = tuple(f"node-{number}" for number in range(10))
    ends = [SessionChange("a", "default", "192.0.2.1", reset=nodes), SessionChange("b", "", "x", closed=nodes[:4])]
    assert [str(one) for one in confirmations(ends, 20, None, (), share)] == asked


@pytest.mark.parametrize(
    ("given", "needed", "enough"),
    [
        ("services-withdrawn:2", "services-withdrawn:2", True),
        ("services-withdrawn:2", "services-withdrawn:1", True),
        ("services-withdrawn:2", "services-withdrawn:3", False),
        ("sessions-reset:14-of-20", "sessions-reset:14-of-20", True),
        ("sessions-reset:14-of-20", "sessions-reset:14-of-21", True),
        ("sessions-reset:14-of-20", "sessions-reset:15-of-40", False),
        ("sessions-reset:14-of-20", "sessions-reset:14-of-15", False),
        ("services-withdrawn:20", "sessions-reset:1-of-20", False),
        ("services-withdrawn", "services-withdrawn:1", False),
    ],
)
def test_larger_numbers_are_asked_for_again(given: str, needed: str, enough: bool) -> None:
    one = confirmation_of(needed)
    assert one is not None
    assert str(one) == needed
    assert (unconfirmed([one], [given]) == ()) is enough


@pytest.mark.parametrize("code", ["", "sessions-reset:3", "services-withdrawn:-1", "services-withdrawn:٢", "x:1"])
def test_what_is_no_code(code: str) -> None:
    assert confirmation_of(code) is None


def test_a_sentence_names_five_services() -> None:
    names = tuple(f"shop/s{number}" for number in range(5))
    told = Confirmation("services-withdrawn", 9, names=names).sentence
    assert told == "9 services lose their last announcement: shop/s0, shop/s1, shop/s2, shop/s3, shop/s4 and 4 more."
