"""`show bgp [vrf V] summary [json]` and `show bgp vrfs json`."""

from __future__ import annotations

from typing import Any

from lab.speakers.node import Speaker
from lab.speakers.obstacles import is_address
from lab.speakers.session import Session
from lab.speakers.vtysh.capabilities import FAMILY, when
from lab.speakers.vtysh.timers import uptime

_RIB_ENTRY = 128  # bytes
_PEER = 24_056
_TITLE = {"ipv4": "IPv4 Unicast", "ipv6": "IPv6 Unicast"}


def families(speaker: Speaker, vrf: str) -> dict[str, list[Session]]:
    """The sessions of an instance by activated family; only families that have any."""
    sessions = speaker.of_vrf(vrf)
    by_family = {family: [s for s in sessions if family in s.spec.families] for family in FAMILY}
    return {family: members for family, members in by_family.items() if members}


def summary(speaker: Speaker, vrf: str, family: str, now: float) -> dict[str, Any]:
    """One family of an instance."""
    sessions = families(speaker, vrf)[family]
    table = len(speaker.networks(vrf, family))
    rib = 2 * table - 1 if table else 0
    return {
        "routerId": speaker.router_id(vrf),
        "as": speaker.instances[vrf],
        "vrfId": speaker.vrf_id(vrf),
        "vrfName": vrf,
        "tableVersion": speaker.table_version(vrf, family),
        "ribCount": rib,
        "ribMemory": rib * _RIB_ENTRY,
        "peerCount": len(sessions),
        "peerMemory": len(sessions) * _PEER,
        "peers": {session.spec.neighbor: _peer(speaker, session, family, now) for session in sessions},
        "failedPeers": sum(not session.up for session in sessions),
        "displayedPeers": len(sessions),
        "totalPeers": len(sessions),
        "dynamicPeers": 0,
        "bestPath": {"multiPathRelax": "false"},
    }


def changed_at(session: Session) -> float:
    """When the session last came up or went down; 0 if it was never up."""
    return session.established_at if session.up else session.dropped_at


def _peer(speaker: Speaker, session: Session, family: str, now: float) -> dict[str, Any]:
    sent, received = messages(session, now)
    since = changed_at(session)
    return {
        **({"hostname": session.met.name} if session.met else {}),
        **when(speaker, "summary-software-version", {"softwareVersion": "n/a"}),
        "remoteAs": session.remote_asn,
        "localAs": session.shown_asn,
        "version": 4,
        "msgRcvd": received,
        "msgSent": sent,
        "tableVersion": 0,
        "outq": 0,
        "inq": 0,
        "peerUptime": uptime(now - since) if since else "never",
        "peerUptimeMsec": int(now - since) * 1000 if since else 0,
        **({"peerUptimeEstablishedEpoch": int(since)} if since else {}),
        "pfxRcd": 0,
        "pfxSnt": len(session.sent(family)),
        "state": session.state.value,
        "peerState": "OK",
        "connectionsEstablished": session.counters.established,
        "connectionsDropped": session.counters.dropped,
        "idType": family_of(session.spec.neighbor),
    }


def family_of(neighbor: str) -> str:
    """`ipv4`, `ipv6` or `interface`."""
    return "interface" if not is_address(neighbor) else "ipv6" if ":" in neighbor else "ipv4"


def messages(session: Session, now: float) -> tuple[int, int]:
    """All messages sent and received."""
    counters, (sent, received) = session.counters, session.keepalives(now)
    return (
        counters.opens_sent + counters.notifications_sent + counters.updates_sent + sent,
        counters.opens_received + counters.notifications_received + counters.updates_received + received,
    )


def summary_text(speaker: Speaker, vrf: str, now: float) -> str:
    """All families of an instance as tables."""
    parts = [_table(speaker, vrf, family, now) for family in families(speaker, vrf)]
    return "".join(parts) or f"% No BGP neighbors found in VRF {vrf}\n"


def _table(speaker: Speaker, vrf: str, family: str, now: float) -> str:
    facts = summary(speaker, vrf, family, now)
    newer = "unknown-hostname" in speaker.flavour
    title = _TITLE[family] + (" Summary:" if newer else f" Summary (VRF {vrf}):")
    local = f"BGP router identifier {facts['routerId']}, local AS number {facts['as']}"
    width = max(15, *(len(name) for name in facts["peers"]))
    heading = (
        f"{'Neighbor':<{width}} V         AS   MsgRcvd   MsgSent   TblVer  InQ OutQ  Up/Down State/PfxRcd   PfxSnt Desc"
    )
    rows = [
        f"{name:<{width}} {peer['version']} {peer['remoteAs']:>10} {peer['msgRcvd']:>9} {peer['msgSent']:>9}"
        f" {peer['tableVersion']:>8} {peer['inq']:>4} {peer['outq']:>4} {peer['peerUptime']:>8}"
        f" {peer['pfxRcd'] if peer['state'] == 'Established' else peer['state']:>12} {peer['pfxSnt']:>8} N/A"
        for name, peer in facts["peers"].items()
    ]
    return (
        f"\n{title}\n{local} {f'VRF {vrf} ' if newer else ''}vrf-id {facts['vrfId']}\n"
        f"BGP table version {facts['tableVersion']}\n"
        f"RIB entries {facts['ribCount']}, using {facts['ribMemory']} bytes of memory\n"
        f"Peers {facts['peerCount']}, using {facts['peerMemory'] // 1024} KiB of memory\n\n"
        f"{heading}\n" + "\n".join(rows) + f"\n\nTotal number of neighbors {facts['totalPeers']}\n"
    )


def vrfs(speaker: Speaker) -> dict[str, Any]:
    """`show bgp vrfs json`."""
    return {
        "vrfs": {
            vrf: {
                "type": "DFLT" if vrf == "default" else "VRF",
                "vrfId": speaker.vrf_id(vrf),
                "routerId": speaker.router_id(vrf),
                "numConfiguredPeers": len(speaker.of_vrf(vrf)),
                "numEstablishedPeers": sum(session.up for session in speaker.of_vrf(vrf)),
                "l3vni": 0,
                "rmac": "00:00:00:00:00:00",
                "interface": "unknown",
            }
            for vrf in speaker.instances
        },
        "totalVrfs": len(speaker.instances),
    }
