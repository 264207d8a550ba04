"""`show bgp vrf V neighbors [ADDRESS]` for people, from the same facts as the JSON."""

from __future__ import annotations

from typing import Any

from lab.speakers.node import Speaker
from lab.speakers.obstacles import is_address
from lab.speakers.session import Session
from lab.speakers.vtysh.capabilities import FAMILY
from lab.speakers.vtysh.connection import far_address
from lab.speakers.vtysh.neighbors import live, neighbor
from lab.speakers.vtysh.timers import clock

_TITLE = {"ipv4Unicast": "IPv4 Unicast", "ipv6Unicast": "IPv6 Unicast"}
_MESSAGES = (
    ("Opens", "opens"), ("Notifications", "notifications"), ("Updates", "updates"), ("Keepalives", "keepalives"),
    ("Route Refresh", "routeRefresh"), ("Capability", "capability"), ("Total", "total"),
)  # fmt: skip
_STATISTICS = ("Inbound filtered", "AS-PATH loop", "Originator loop", "Cluster loop", "Invalid next-hop", "Withdrawn")


def neighbor_text(session: Session, speaker: Speaker, now: float) -> str:
    """One neighbour as vtysh prints it."""
    facts, clocks = neighbor(session, speaker), live(session, speaker, now)
    lines = [
        *_head(session, facts, clocks),
        *_timers(session, speaker, facts, now),
        *(_capabilities(session, facts) if session.up else []),
        *_graceful_restart(facts["gracefulRestartInfo"]),
        *_counters(facts, clocks),
        *(line for family in session.spec.families for line in _family(FAMILY[family], facts["addressFamilyInfo"])),
        "",
        *_tail(session, facts, clocks),
        *_connection(session, facts, clocks),
        *_bfd(facts, clocks),
    ]
    return "\n".join(lines) + "\n\n"


def _head(session: Session, facts: dict[str, Any], clocks: dict[str, Any]) -> list[str]:
    spec = session.spec
    at = spec.neighbor if is_address(spec.neighbor) else f"{far_address(session) or 'none'}"
    name = f"is {at}" if is_address(spec.neighbor) else f"on {spec.neighbor}: {at}"
    link = "internal" if session.internal else "external"
    as_local = f"local AS {session.shown_asn}" + (" no-prepend replace-as" if spec.local_asn else "")
    up = f", up for {clocks['up']}" if session.up else ""
    return [
        f"BGP neighbor {name}, remote AS {facts['remoteAs']}, {as_local}, {link} link",
        "  Local Role: undefined",
        "  Remote Role: undefined",
        *([f"Hostname: {session.met.name}"] if session.met else []),
        f"  BGP version 4, remote router ID {facts['remoteRouterId']}, local router ID {facts['localRouterId']}",
        f"  BGP state = {session.state}{up}",
    ]


def _timers(session: Session, speaker: Speaker, facts: dict[str, Any], now: float) -> list[str]:
    heard, wrote = session.heard_at(now) or session.created, session.wrote_at(now)
    mss = f"  Configured tcp-mss is 0, synced tcp-mss is {facts.get('bgpTcpMssSynced')}"
    configured = (session.configured_hold, session.configured_keepalive)
    return [
        f"  Last read {clock(now - heard)}, Last write {clock(now - wrote) if wrote else 'never'}",
        f"  Hold time is {session.hold} seconds, keepalive interval is {session.keepalive} seconds",
        "  Configured hold time is {} seconds, keepalive interval is {} seconds".format(*configured),
        *([mss] if "tcp-mss" in speaker.flavour else []),
        "  Configured conditional advertisements interval is 60 seconds",
    ]


def _capabilities(session: Session, facts: dict[str, Any]) -> list[str]:
    has: dict[str, Any] = facts["neighborCapabilities"]
    both = "advertised and received"
    names = {"advertisedAndReceived": both, "advertisedAndReceivedOldNew": f"{both}(old & new)"}

    def names_of(way: str) -> str:
        return f"name: {has['hostName'][way + 'HostName']},domain name: n/a"

    paths = [f"      {_TITLE[f]}: advertised (0) and received (0)" for f in has.get("pathsLimit", ())]
    by_peer = "      Address families by peer:"
    return [
        "  Neighbor capabilities:",
        f"    4 Byte AS: {both}",
        f"    Extended Message: {both}",
        "    AddPath:",
        *(f"      {_TITLE[family]}: RX {both}" for family in has["addPath"]),
        *(["    Paths-Limit:", *paths] if paths else []),
        *([f"    Extended nexthop: {both}", by_peer, f"{'':19}IPv4 Unicast"] if "extendedNexthop" in has else []),
        f"    Long-lived Graceful Restart: {both}",
        by_peer,
        f"    Route refresh: {names[has['routeRefresh']]}",
        f"    Enhanced Route Refresh: {both}",
        *(
            f"    Address Family {_TITLE[family]}: {both if 'advertisedAndReceived' in how else 'advertised'}"
            for family, how in has["multiprotocolExtensions"].items()
        ),
        f"    Hostname Capability: advertised ({names_of('adv')}) received ({names_of('rcv')})",
        *(["    Version Capability: not advertised not received"] if "softwareVersion" in has else []),
        f"    Graceful Restart Capability: {both}",
        "      Remote Restart timer is 120 seconds",
        by_peer,
        "        none",
    ]


def _graceful_restart(facts: dict[str, Any]) -> list[str]:
    families = [family for family in _TITLE if family in facts]
    names = ", ".join(_TITLE[family] for family in families)
    timers = facts["timers"]
    long_lived = "configuredLlgrStaleTime" in timers
    lines = ["  Graceful restart information:"]
    if families:
        lines += [f"    End-of-RIB send: {names}", f"    End-of-RIB received: {names}"]
    lines += [
        f"    Local GR Mode: {facts['localGrMode']}",
        f"    Remote GR Mode: {facts['remoteGrMode']}",
        f"    R bit: {facts['rBit']}",
        f"    N bit: {facts['nBit']}",
        "    Timers:",
        "      Configured Restart Time(sec): 120",
        f"      Received Restart Time(sec): {timers['receivedRestartTimer']}",
        *(["      Configured LLGR Stale Path Time(sec): 0"] if long_lived else []),
    ]
    for family in families:
        lines += [
            f"    {_TITLE[family]}:",
            "      F bit: False",
            "      End-of-RIB sent: Yes",
            "      End-of-RIB sent after update: Yes",
            "      End-of-RIB received: Yes",
            "      Timers:",
            "        Configured Stale Path Time(sec): 360",
            *(["        LLGR Stale Path Time(sec): 0"] if long_lived else []),
        ]
    return lines


def _counters(facts: dict[str, Any], clocks: dict[str, Any]) -> list[str]:
    stats = {
        **facts["messageStats"],
        **{f"keepalives{way}": clocks[f"keepalives_{name}"] for way, name in (("Sent", "sent"), ("Recv", "received"))},
        **{f"total{way}": clocks[f"total_{name}"] for way, name in (("Sent", "sent"), ("Recv", "received"))},
    }
    prefixes = [
        "",
        "  Prefix statistics:",
        *(f"    {name}: 0" for name in _STATISTICS),
        "    Attributes discarded: 0",
        "",
    ]
    return [
        "  Message statistics:",
        "    Inq depth is 0",
        "    Outq depth is 0",
        f"{'':25}Sent       Rcvd",
        *(f"    {name + ':':<14}{stats[key + 'Sent']:>11}{stats[key + 'Recv']:>11}" for name, key in _MESSAGES),
        *(prefixes if "prefixStats" in facts else []),
        "  Minimum time between advertisement runs is 0 seconds",
        *([f"  Update source is {facts['updateSource']}"] if "updateSource" in facts else []),
    ]


def _family(family: str, families: dict[str, Any]) -> list[str]:
    facts = families[family]
    group = facts.get("updateGroupId")
    part = f"  Update group {group}, subgroup {group}" if group else "  Not part of any update group"
    return [
        "",
        f" For address family: {_TITLE[family]}",
        part,
        *(["  Packet Queue length 0"] if group else []),
        "  Community attribute sent to this neighbor(all)",
        "  Inbound path policy configured",
        "  Outbound path policy configured",
        f"  Route map for incoming advertisements is *{facts['routeMapForIncomingAdvertisements']}",
        f"  Route map for outgoing advertisements is *{facts['routeMapForOutgoingAdvertisements']}",
        f"  {facts['acceptedPrefixCounter']} accepted prefixes",
    ]


def _tail(session: Session, facts: dict[str, Any], clocks: dict[str, Any]) -> list[str]:
    words = facts["lastResetDueTo"]
    if "lastNotificationReason" in facts:
        way = "received" if words.endswith("received") else "sent"
        hard = "/Hard Reset" if facts["lastNotificationHardReset"] else ""
        words = f"Notification {way} ({facts['lastNotificationReason']}{hard})"
    if "softwareVersion" in facts:
        words += " (n/a)"
    hops = facts.get("externalBgpNbrMaxHopsAway", facts.get("internalBgpNbrMaxHopsAway"))
    kind = "Internal" if session.internal else "External"
    return [
        f"  Connections established {facts['connectionsEstablished']}; dropped {facts['connectionsDropped']}",
        f"  Last reset {clock(clocks['reset_ms'] // 1000)},  {words}",
        f"  {kind} BGP neighbor may be up to {hops} hops away.",
    ]


def _connection(session: Session, facts: dict[str, Any], clocks: dict[str, Any]) -> list[str]:
    socket = [
        f"Local host: {facts['hostLocal']}, Local port: {facts['portLocal']}",
        f"Foreign host: {facts['hostForeign']}, Foreign port: {facts['portForeign']}",
        f"Nexthop: {facts.get('nexthop')}",
        f"Nexthop global: {facts.get('nexthopGlobal')}",
        f"Nexthop local: {facts.get('nexthopLocal')}",
        f"BGP connection: {'' if facts.get('bgpConnection') == 'sharedNetwork' else 'non '}shared network",
    ]
    timers = {"Connect": "connect_ms", "Start": "start_ms"}
    due = {name: clocks[ms] // 1000 for name, ms in timers.items() if f"next{name}TimerDueInMsecs" in facts}
    thread = "on" if session.up else "off"
    return [
        *(socket if facts["portLocal"] > 0 else []),
        f"BGP Connect Retry Timer in Seconds: {facts['connectRetryTimer']}",
        *(f"Next {name.lower()} timer due in {seconds} seconds" for name, seconds in due.items()),
        *([f"Estimated round trip time: {facts['estimatedRttInMsecs']} ms"] if session.up else []),
        *(["Peer Authentication Enabled"] if session.spec.password else []),
        f"Read thread: {thread}  Write thread: {thread}  FD used: {20 + session.seed % 40 if session.up else -1}",
        "",
    ]


def _bfd(facts: dict[str, Any], clocks: dict[str, Any]) -> list[str]:
    bfd = facts.get("peerBfdInfo")
    if not bfd:
        return []
    updated = "never" if bfd["lastUpdate"] == "never" else clocks["bfd_update"]
    return [
        f"  BFD: Type: {bfd['type']}",
        "  Detect Multiplier: 3, Min Rx interval: 300, Min Tx interval: 300",
        f"  Status: {bfd['status']}, Last update: {updated}",
        "",
    ]
