"""Waiting for something that other processes do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(probe: Callable[[], T | None], timeout: float = 60.0, interval: float = 0.05) -> T:
    """Call `probe` until its result is true, and return it; AssertionError after `timeout` seconds.

    An AssertionError inside the probe counts as "not yet", so that a probe may assert.
    """
    deadline = time.monotonic() + timeout
    last: object = None
    while True:
        try:
            result = probe()
            if result:
                return result
            last = result
        except AssertionError as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s; last: {last!r}")
        time.sleep(interval)
