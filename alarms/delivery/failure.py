"""A try that failed."""

from __future__ import annotations


class DeliveryError(Exception):
    """The receiver has not taken it. after: seconds that it asks to wait, 0 = it says nothing. away: nobody answers."""

    def __init__(self, text: str, after: float = 0.0, *, away: bool = False) -> None:
        super().__init__(text)
        self.after, self.away = after, away
