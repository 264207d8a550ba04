"""A speaker with the sessions of a test, on a clock that the test moves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from intent.announcements import Announcement
from intent.sessions import IntendedSession
from lab.routers import Router, Routers
from lab.speakers import fsm
from lab.speakers.clock import ManualClock
from lab.speakers.flavour import flavour
from lab.speakers.node import Speaker
from lab.speakers.session import Session
from lab.speakers.vtysh.shell import run


def intended(neighbor: str, **fields: Any) -> IntendedSession:
    """What MetalLB wants: an eBGP session 64500 to 64501 in the default VRF unless said otherwise."""
    families = ("ipv6",) if ":" in neighbor else ("ipv4",)
    seconds: dict[str, Any] = {
        name: timedelta(seconds=fields.pop(name)) for name in ("hold", "keepalive", "connect") if name in fields
    }
    defaults: dict[str, Any] = {
        "node": "compute-1", "vrf": "default", "neighbor": neighbor, "peer": "tor-a", "my_asn": 64500,
        "peer_asn": 64501, "dynamic_asn": "", "local_asn": None, "families": families, "port": 179,
        "hold": None, "keepalive": None, "connect": None, "multihop": False, "bfd_profile": "", "password": False,
        "graceful_restart": False, "source_address": "", "router_id": "",
    }  # fmt: skip
    return IntendedSession(**{**defaults, **fields, **seconds})


def announcement(prefix: str, *local_prefs: int) -> Announcement:
    """A prefix without services."""
    return Announcement(prefix, local_prefs, (), ())


class Bench:
    """One speaker of an FRR version, its routers and the clock."""

    def __init__(self, *routers: Router, version: str = "10.3", **vrfs: int) -> None:
        self.clock = ManualClock()
        self.routers = Routers(routers)
        self.speaker = Speaker(
            node="compute-1",
            hostname="compute-1",
            flavour=flavour(version),
            address="192.168.10.11",
            started=self.clock.now(),
            vrfs=dict(vrfs),
            instances={"default": 64500},
        )
        self.routers.subscribe(self._changed)

    def add(
        self, neighbor: str, password: str = "", announced: tuple[Announcement, ...] = (), **fields: Any
    ) -> Session:
        """Configure a neighbour now."""
        spec = intended(neighbor, password=bool(password), **fields)
        session = Session(
            spec=spec,
            created=self.clock.now(),
            connect_default=self.speaker.flavour.connect_retry,
            router=self.routers.at(spec.vrf, neighbor),
            password=password,
            vrf_present=self.speaker.vrf_id(spec.vrf) >= 0,
            local_address="10.0.0.101",
            announced=announced,
            seed=len(self.speaker.sessions) + 1,
        )
        self.speaker.instances.setdefault(spec.vrf, spec.my_asn)
        self.speaker.sessions[spec.vrf, neighbor] = session
        fsm.start(session, self.clock.now())
        return session

    def after(self, seconds: float) -> Bench:
        """Let time pass, and every session live through it."""
        self.clock.advance(seconds)
        for session in self.speaker.sessions.values():
            fsm.advance(session, self.clock.now())
        return self

    def vtysh(self, *commands: str) -> str:
        """What vtysh prints to standard output."""
        argv = ["vtysh", *(part for command in commands for part in ("-c", command))]
        return run(self.speaker, argv, self.clock.now()).stdout.decode()

    def _changed(self, _old: Router | None, _new: Router | None) -> None:
        for (vrf, neighbor), session in self.speaker.sessions.items():
            router = self.routers.at(vrf, neighbor)
            if router is not session.router:
                fsm.meet(session, router, self.clock.now())
