"""BFDProfile (metallb.io/v1beta1): the timers of a BFD session; unset values are FRR's (bfdd)."""

from __future__ import annotations

from typing import Any

from intent.kinds.field import FRR_MODES, Column, Field, Kind, Version


def _integer(minimum: int, maximum: int, **rest: Any) -> Field:
    return Field(
        type="integer", format="int32", minimum=minimum, maximum=maximum, section="bfd", modes=FRR_MODES, **rest
    )


BFD_PROFILE = Kind(
    kind="BFDProfile",
    plural="bfdprofiles",
    description="Settings of BFD sessions that watch over BGP sessions.",
    versions=(
        Version(
            name="v1beta1",
            columns=(
                Column("Passive Mode", ".spec.passiveMode", "boolean"),
                Column("Transmit Interval", ".spec.transmitInterval", "integer"),
                Column("Receive Interval", ".spec.receiveInterval", "integer"),
                Column("Multiplier", ".spec.detectMultiplier", "integer"),
            ),
            fields=(
                _integer(
                    10,
                    60000,
                    name="receiveInterval",
                    label="Receive interval",
                    unit="ms",
                    description="The shortest interval between BFD packets that this end can receive. Unset: 300 ms.",
                ),
                _integer(
                    10,
                    60000,
                    name="transmitInterval",
                    label="Transmit interval",
                    unit="ms",
                    description="The shortest interval, less jitter, between BFD packets sent. Unset: 300 ms.",
                ),
                _integer(
                    2,
                    255,
                    name="detectMultiplier",
                    label="Detection multiplier",
                    description="This many intervals without a packet from the other end mean down. Unset: 3.",
                ),
                _integer(
                    10,
                    60000,
                    name="echoInterval",
                    label="Echo interval",
                    unit="ms",
                    description="The shortest interval between echo packets that this end can handle. Unset: 50 ms.",
                ),
                Field(
                    name="echoMode",
                    type="boolean",
                    label="Echo mode",
                    section="bfd",
                    modes=FRR_MODES,
                    description="Send echo packets that the other end loops back; directly connected IPv4 peers only.",
                ),
                Field(
                    name="passiveMode",
                    type="boolean",
                    label="Passive",
                    section="bfd",
                    modes=FRR_MODES,
                    description="Do not start the BFD session; wait until the other end sends the first packet.",
                ),
                _integer(
                    1,
                    254,
                    name="minimumTtl",
                    label="Minimum TTL",
                    description="The lowest TTL accepted in BFD packets, only for peers several hops away. Unset: 254.",
                ),
            ),
        ),
    ),
)
