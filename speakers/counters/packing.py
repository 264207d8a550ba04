"""A day of points in few bytes: differences from point to point, compressed. Pure; nothing here knows of rows."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from itertools import accumulate
from typing import TypeAlias

import msgspec
from msgspec import Struct

SLOT = 300  # seconds
SLOTS = 86_400 // SLOT  # of a day
_SERIES = 24  # of one track
_INFLATED = 32 * 1024 * 1024  # bytes; 256 sessions of a node with all their series are 5 MB

Place: TypeAlias = tuple[str, str]  # VRF and neighbor
Values: TypeAlias = Mapping[str, int]


class Track(Struct, array_like=True):
    """One session: by name of the series the differences between its points, None where there was none."""

    vrf: str
    neighbor: str
    series: dict[str, list[int | None]]

    @property
    def place(self) -> Place:
        """Which one."""
        return self.vrf, self.neighbor


class Day(Struct, array_like=True):
    """Points of one day. slots: numbers of the five minutes from midnight (UTC) on that have one, in order."""

    slots: list[int]
    tracks: list[Track]

    def append(self, slot: int, found: Mapping[Place, Values]) -> bool:
        """Add a point of every session; False if there is one of these five minutes, or a later one."""
        if self.slots and self.slots[-1] >= slot:
            return False
        known = {track.place: track for track in self.tracks}
        for place, values in found.items():
            track = known.get(place)
            if track is None:
                track = Track(*place, {})
                self.tracks.append(track)
            for name, value in values.items():
                if name not in track.series and len(track.series) < _SERIES:
                    track.series[name] = [None] * len(self.slots)
                if name in track.series:
                    line = track.series[name]
                    line.append(value - sum(step for step in line if step is not None))
        self.slots.append(slot)
        for track in self.tracks:
            for line in track.series.values():
                if len(line) < len(self.slots):
                    line.append(None)
        return True

    def values(self, track: Track, name: str) -> dict[int, int]:
        """The values of one of its tracks by slot."""
        line = zip(self.slots, track.series.get(name, ()), strict=False)  # a series that there is not has no points
        there = [(slot, step) for slot, step in line if step is not None]
        return dict(zip((slot for slot, _ in there), accumulate(step for _, step in there), strict=True))


def pack(day: Day) -> bytes:
    """As a row keeps it."""
    return zlib.compress(msgspec.msgpack.encode(day), 6)


def unpack(kept: bytes | memoryview) -> Day:
    """The same back; what cannot be read is an empty day."""
    try:
        return msgspec.msgpack.decode(zlib.decompressobj().decompress(kept, _INFLATED), type=Day)
    except (zlib.error, msgspec.MsgspecError):
        return Day([], [])
