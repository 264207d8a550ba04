"""The commands of bgpd, bfdd, zebra and vtysh that a dashboard, MetalLB's own tools and people use."""

from __future__ import annotations

from collections.abc import Callable

from lab.routers import canonical
from lab.speakers.node import Speaker
from lab.speakers.session import Session
from lab.speakers.vtysh import bfd, neighbors_text, nexthop, policy, routes, summary
from lab.speakers.vtysh.capabilities import FAMILY
from lab.speakers.vtysh.document import Style, document, write
from lab.speakers.vtysh.grammar import Arguments, Command, Grammar
from lab.speakers.vtysh.neighbors import live, neighbor
from lab.speakers.vtysh.system import daemons, running_config, version, vrf_list

_NO_INSTANCE = "% BGP instance not found\n"
_NO_NEIGHBOR = "No such neighbor in this view/vrf"


def _style(speaker: Speaker, *, escape_slash: bool = False) -> Style:
    return Style(compact_empty="compact-empty" in speaker.flavour, escape_slash=escape_slash)


def _vrfs(speaker: Speaker, arguments: Arguments) -> list[str]:
    """The instances that a command means; empty if there is none of that name."""
    name = arguments.get("VRF", "default")
    return list(speaker.instances) if name == "all" else [name] if name in speaker.instances else []


def _per_vrf(speaker: Speaker, arguments: Arguments, body: Callable[[str], str], none: str) -> str:
    """JSON of one instance, or of all of them under their names, streamed as bgpd does it."""
    names = _vrfs(speaker, arguments)
    if arguments.get("VRF") == "all":
        return (
            "{\n" + "\n,\n".join(f'"{name}":{body(name).rstrip(chr(10))}' for name in names) + "\n}\n"
            if names
            else "{\n}\n"
        )
    return body(names[0]) if names else none


def _chosen(speaker: Speaker, vrf: str, arguments: Arguments) -> list[Session] | None:
    """The neighbours that are meant; None if the one that is named does not exist."""
    if "NEIGHBOR" not in arguments:
        return speaker.of_vrf(vrf)
    session = speaker.sessions.get((vrf, canonical(arguments["NEIGHBOR"])))
    return [session] if session else None


def _neighbors(speaker: Speaker, arguments: Arguments, now: float) -> str:
    if "json" in arguments:
        style = _style(speaker, escape_slash=True)
        return _per_vrf(
            speaker, arguments, lambda vrf: _neighbors_json(speaker, vrf, arguments, now), document({}, style)
        )
    names = _vrfs(speaker, arguments)
    if not names:
        return _NO_INSTANCE
    if arguments.get("VRF") != "all":
        return _neighbors_text(speaker, names[0], arguments, now)
    return "".join(f"\nInstance {vrf}:\n{_neighbors_text(speaker, vrf, arguments, now)}\n" for vrf in names)


def _neighbors_json(speaker: Speaker, vrf: str, arguments: Arguments, now: float) -> str:
    style = _style(speaker, escape_slash=True)
    every = arguments.get("VRF") == "all"
    parts = [f'"vrfId":{speaker.vrf_id(vrf)}', f'"vrfName":"{vrf}"'] if every else []
    sessions = _chosen(speaker, vrf, arguments)
    if sessions is None:
        parts.append('"bgpNoSuchNeighbor":true')
    parts += [_template(speaker, session, style) % live(session, speaker, now) for session in sessions or ()]
    if not parts:
        return document({}, style)
    return "{\n  " + ",\n  ".join(parts) + "\n}\n"


def _template(speaker: Speaker, session: Session, style: Style) -> str:
    """The neighbour's JSON with the clock's values left open; made anew only when something else changed."""
    key = (session.spec.vrf, session.spec.neighbor)
    kept = speaker.templates.get(key)
    if kept is None or kept[0] != session.revision:
        kept = session.revision, f'"{session.spec.neighbor}":{write(neighbor(session, speaker), style, 1)}'
        speaker.templates[key] = kept
    return kept[1]


def _neighbors_text(speaker: Speaker, vrf: str, arguments: Arguments, now: float) -> str:
    sessions = _chosen(speaker, vrf, arguments)
    if sessions is None:
        return f"% {_NO_NEIGHBOR}\n"
    texts = [neighbors_text.neighbor_text(session, speaker, now) for session in sessions]
    return "".join(texts) + "\n" if texts else "% No BGP neighbors found\n\n"


def _summary(speaker: Speaker, arguments: Arguments, now: float) -> str:
    if "json" not in arguments:
        return "".join(summary.summary_text(speaker, vrf, now) for vrf in _vrfs(speaker, arguments)) or _NO_INSTANCE

    def body(vrf: str) -> str:
        style = _style(speaker)
        families = summary.families(speaker, vrf)
        parts = [f'"{FAMILY[f]}":{document(summary.summary(speaker, vrf, f, now), style)}' for f in families]
        return "{\n" + ",\n".join(parts) + "}\n"

    return _per_vrf(speaker, arguments, body, "{}\n")


def _family(arguments: Arguments) -> str:
    return "ipv4" if "ipv4" in arguments else "ipv6"  # `show bgp` without a family means IPv6 unicast


def _table(speaker: Speaker, arguments: Arguments, _now: float) -> str:
    family = _family(arguments)
    if "json" in arguments:
        return _per_vrf(speaker, arguments, lambda vrf: routes.table(speaker, vrf, family), "{}\n")
    names = _vrfs(speaker, arguments)
    if arguments.get("VRF") != "all":
        return routes.table_text(speaker, names[0], family) if names else _NO_INSTANCE
    return "".join(f"\nInstance {vrf}:\n{routes.table_text(speaker, vrf, family)}" for vrf in names) or _NO_INSTANCE


def _prefix(speaker: Speaker, arguments: Arguments, _now: float) -> str:
    names = _vrfs(speaker, arguments)
    if not names:
        return f"Can't find BGP instance {arguments.get('VRF', '')}\n"
    return routes.prefix(speaker, names[0], _family(arguments), arguments["NEIGHBOR"])


def _neighbor_routes(speaker: Speaker, arguments: Arguments, _now: float) -> str:
    """bgpd answers for the default instance if all are asked."""
    vrf, family = arguments.get("VRF", "default").replace("all", "default"), _family(arguments)
    session = speaker.sessions.get((vrf, canonical(arguments["NEIGHBOR"])))
    if session is None:
        return document({"warning": _NO_NEIGHBOR}, Style()) if "json" in arguments else f"% {_NO_NEIGHBOR}\n"
    if "routes" in arguments:
        return routes.table(speaker, vrf, family, learned_from=session)
    refusal = "" if family in session.spec.families else "No such neighbor or address family"
    if "received-routes" in arguments:
        refusal = refusal or "Inbound soft reconfiguration not enabled"  # MetalLB does not enable it
    if "json" not in arguments:
        return f"% {refusal}\n" if refusal else routes.advertised_text(speaker, session, family)
    if not refusal:
        return routes.advertised(speaker, session, family)
    broken = f'{{\n{{ "warning": "{refusal}" }}\n}}\n'  # newer releases print it inside of an object that is open
    return broken if "json-flags" in speaker.flavour else f'{{ "warning": "{refusal}" }}\n'


def _instances(speaker: Speaker, arguments: Arguments, _now: float) -> str:
    facts = summary.vrfs(speaker)
    if "json" in arguments:
        return document(facts, _style(speaker))
    rows = [
        f"{facts['vrfs'][vrf]['type']:<5} {facts['vrfs'][vrf]['vrfId']:<6} {facts['vrfs'][vrf]['routerId']:<16} "
        f"{facts['vrfs'][vrf]['numConfiguredPeers']:>10} {facts['vrfs'][vrf]['numEstablishedPeers']:>8}  {vrf}"
        for vrf in facts["vrfs"]
    ]
    head = "Type  Id     routerId          #PeersCfg  #PeersEstb  Name"
    return (
        f"{head}\n" + "".join(f"{row}\n" for row in rows) + f"\nTotal number of VRFs (including default): {len(rows)}\n"
    )


def _router(speaker: Speaker, _arguments: Arguments, _now: float) -> str:
    return document(
        {
            "bgpStartedAt": int(speaker.started),
            "bgpStartedGracefully": False,
            "bgpInMaintenanceMode": False,
            "bgpInstanceCount": len(speaker.instances),
        },
        _style(speaker),
    )


def _bfd(speaker: Speaker, arguments: Arguments, now: float) -> str:
    vrf = arguments.get("VRF")
    vrf = None if vrf is None else vrf if vrf in speaker.instances else ""
    if "counters" in arguments:
        return document(bfd.counters(speaker, vrf, now), _style(speaker))
    if "json" in arguments:
        return document(bfd.peers(speaker, vrf, now), _style(speaker))
    return bfd.peers_text(speaker, vrf, now)


_OF_NEIGHBOR = "show bgp [vrf VRF] [ipv4|ipv6] [unicast] neighbors NEIGHBOR"
GRAMMAR = Grammar(
    (
        ("show version", Command(version)),
        ("show daemons", Command(daemons)),
        ("show vrf", Command(vrf_list, "zebra")),
        ("show running-config", Command(running_config)),
        ("show [ip] bgp [vrf VRF] neighbors [NEIGHBOR] [json]", Command(_neighbors, "bgpd")),
        ("show [ip] bgp [vrf VRF] summary [json]", Command(_summary, "bgpd")),
        ("show bgp [vrf VRF] [json]", Command(_table, "bgpd")),
        ("show bgp [vrf VRF] ipv4|ipv6 [unicast] [json]", Command(_table, "bgpd")),
        ("show bgp [vrf VRF] ipv4|ipv6 unicast NEIGHBOR json", Command(_prefix, "bgpd")),
        (f"{_OF_NEIGHBOR} advertised-routes|received-routes|routes [json]", Command(_neighbor_routes, "bgpd")),
        ("show bgp [vrf VRF] nexthop", Command(nexthop.tracked, "bgpd")),
        ("show ip|ipv6 route [vrf VRF] NEIGHBOR", Command(nexthop.route, "zebra")),
        ("show route-map NEIGHBOR json", Command(policy.route_map)),
        ("show ip|ipv6 prefix-list NEIGHBOR json", Command(policy.prefix_list)),
        ("show bgp vrfs [json]", Command(_instances, "bgpd")),
        ("show bgp router json", Command(_router, "bgpd", since="bgp-router")),
        ("show bfd [vrf VRF] peers [json]", Command(_bfd, "bfdd")),
        ("show bfd [vrf VRF] peers counters json", Command(_bfd, "bfdd")),
    )
)
