"""What vtysh and zebra say of themselves: versions, daemons, VRFs, the configuration."""

from __future__ import annotations

from lab.speakers.node import Speaker
from lab.speakers.vtysh.grammar import Arguments

_CONFIGURED = " ".join(
    f"'{option}'"
    for option in (
        "--prefix=/usr", "--sysconfdir=/etc", "--localstatedir=/var", "--sbindir=/usr/lib/frr", "--enable-rpki",
        "--enable-vtysh", "--enable-multipath=64", "--enable-vty-group=frrvty", "--enable-user=frr",
        "--enable-group=frr", "--disable-pathd",
    )
)  # fmt: skip


def version(speaker: Speaker, _arguments: Arguments, _now: float) -> str:
    """`show version`."""
    return (
        f"FRRouting {speaker.flavour.version} ({speaker.hostname}) on Linux(5.14.0-570.el9.x86_64).\n"
        "Copyright 1996-2005 Kunihiro Ishiguro, et al.\n"
        f"configured with:\n    {_CONFIGURED}\n"
    )


def daemons(speaker: Speaker, _arguments: Arguments, _now: float) -> str:
    """`show daemons`; in MetalLB's containers watchfrr runs too."""
    return f" {' '.join(speaker.daemons)} watchfrr\n"


def vrf_list(speaker: Speaker, _arguments: Arguments, _now: float) -> str:
    """`show vrf`: the VRFs that zebra knows, the default one is never listed."""
    known = {vrf: f"vrf {vrf} id {number} table {1000 + number}" for vrf, number in speaker.vrfs.items()}
    missing = {vrf: f"vrf {vrf} inactive" for vrf in speaker.instances if vrf != "default" and vrf not in known}
    rows = [f"{row} (configured)" if vrf in speaker.instances else row for vrf, row in {**known, **missing}.items()]
    return "".join(f"{row}\n" for row in rows)


def running_config(speaker: Speaker, _arguments: Arguments, _now: float) -> str:
    """`show running-config`: passwords in clear, as FRR prints them."""
    head = f"frr version {speaker.flavour.version}\nfrr defaults traditional\n"
    return f"Building configuration...\n\nCurrent configuration:\n!\n{head}{speaker.config().rstrip()}\n!\nend\n"
