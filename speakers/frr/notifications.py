"""BGP NOTIFICATION messages: what each code and subcode means, by who sent it.

Codes: RFC 4271 section 4.5, RFC 4486 (Cease), RFC 5492 (capability), RFC 8203, RFC 8538 (hard reset), RFC 9234 (role),
RFC 9384 (BFD down), RFC 9687 (send hold timer).
"""

from __future__ import annotations

from typing import NamedTuple


class Meaning(NamedTuple):
    """What a NOTIFICATION says when it comes from one of the sides. side: ours, theirs, path, unknown."""

    title: str
    side: str
    check: tuple[str, ...]
    passing: bool = False  # ends a session, but does not explain why it does not come back


class Notification(NamedTuple):
    """A code and subcode; subcode None = all that have no row of their own."""

    code: int
    subcode: int | None
    slug: str
    name: str
    sent: Meaning
    received: Meaning


_ASN = "Compare myASN and peerASN of the BGPPeer with the router's `neighbor … remote-as` and its own AS."
_ROUTER_LOG = "Look at the router's BGP log at the time of the last reset."
_LOAD = "Look for packet loss, a wrong MTU on the path, and for CPU pressure on the node and the router."
_OURS_AGAIN = Meaning(
    "This side reset the session", "ours", ("Look at what changed on this node at that time.",), passing=True
)


def _both(title: str, *check: str) -> tuple[Meaning, Meaning]:
    return Meaning(f"This side refused {title}", "unknown", check), Meaning(
        f"The router refused {title}", "unknown", check
    )


NOTIFICATIONS = (
    Notification(
        1, None, "message-header-error", "Message Header Error", *_both("a malformed message", _LOAD, _ROUTER_LOG)
    ),
    Notification(2, 1, "unsupported-version", "Unsupported Version Number", *_both("the BGP version", _ROUTER_LOG)),
    Notification(
        2,
        2,
        "bad-peer-as",
        "Bad Peer AS",
        Meaning("The router's AS number is not the one that this peer expects", "ours", (_ASN,)),
        Meaning("The router expects another AS number of this node", "theirs", (_ASN,)),
    ),
    Notification(
        2,
        3,
        "bad-bgp-identifier",
        "Bad BGP Identifier",
        Meaning(
            "The router's BGP identifier is not acceptable", "theirs", ("Look for the same router ID on both sides.",)
        ),
        Meaning(
            "The router does not accept this node's BGP identifier",
            "ours",
            ("Look for a routerID that several nodes share; without one each node uses its own address.",),
        ),
    ),
    Notification(
        2, 4, "unsupported-parameter", "Unsupported Optional Parameter", *_both("a parameter of the OPEN", _ROUTER_LOG)
    ),
    Notification(
        2,
        6,
        "unacceptable-hold-time",
        "Unacceptable Hold Time",
        *_both("the hold time", "Compare holdTime with the router's."),
    ),
    Notification(
        2,
        7,
        "unsupported-capability",
        "Unsupported Capability",
        *_both(
            "the OPEN: the two sides lack a common address family, or a capability that one of them needs",
            "Activate for this neighbor on the router a family that this peer has.",
            "Compare the address families of both sides; disableMP and dualStackAddressFamily change ours.",
        ),
    ),
    Notification(
        2, 11, "role-mismatch", "Role Mismatch", *_both("the BGP role", "Remove or correct `local-role` on the router.")
    ),
    Notification(2, None, "open-error", "OPEN Message Error", *_both("the OPEN message", _ASN, _ROUTER_LOG)),
    Notification(3, None, "update-error", "UPDATE Message Error", *_both("a malformed route", _ROUTER_LOG)),
    Notification(
        4,
        None,
        "hold-timer-expired",
        "Hold Timer Expired",
        Meaning(
            "Nothing was heard from the router for the hold time", "path", (_LOAD, "Is the router up and reachable?")
        ),
        Meaning(
            "The router heard nothing from this node for the hold time", "path", (_LOAD, "Did bgpd or the node stall?")
        ),
    ),
    Notification(5, None, "fsm-error", "Finite State Machine Error", *_both("a message that was not due", _ROUTER_LOG)),
    Notification(
        6,
        1,
        "prefix-limit",
        "Maximum Number of Prefixes Reached",
        Meaning(
            "The router sent more prefixes than this node accepts",
            "theirs",
            ("Filter on the router what it announces.",),
        ),
        Meaning(
            "This node announces more prefixes than the router accepts",
            "ours",
            ("Raise the router's maximum-prefix, or aggregate: aggregationLength of the BGPAdvertisement.",),
        ),
    ),
    Notification(
        6,
        2,
        "administrative-shutdown",
        "Administrative Shutdown",
        _OURS_AGAIN,
        Meaning("The router's administrator shut the session down", "theirs", ("Ask for the maintenance window.",)),
    ),
    Notification(
        6,
        3,
        "peer-deconfigured",
        "Peer De-configured",
        _OURS_AGAIN,
        Meaning(
            "The router does not have this node as a neighbor any more",
            "theirs",
            ("Is the node in the router's configuration?",),
        ),
    ),
    Notification(
        6,
        4,
        "administrative-reset",
        "Administrative Reset",
        _OURS_AGAIN,
        Meaning("The router's administrator reset the session", "theirs", (_ROUTER_LOG,)),
    ),
    Notification(
        6,
        5,
        "connection-rejected",
        "Connection Rejected",
        *_both(
            "the connection",
            "Is this node's source address the neighbor that the router is configured for?",
        ),
    ),
    Notification(
        6,
        6,
        "configuration-change",
        "Other Configuration Change",
        _OURS_AGAIN,
        Meaning("The router's configuration of this session changed", "theirs", (_ROUTER_LOG,)),
    ),
    Notification(
        6,
        7,
        "collision",
        "Connection Collision Resolution",
        _OURS_AGAIN._replace(title="Both sides connected at once"),
        Meaning(
            "The router still holds an earlier session of this node, and closes the new one",
            "theirs",
            (
                "It ends with the router's hold time; BFD or graceful restart on the router make that shorter.",
                "Does another node or host talk to the router from this node's address?",
            ),
        ),
    ),
    Notification(
        6, 8, "out-of-resources", "Out of Resources", *_both("the session, out of resources", "Look at memory.")
    ),
    Notification(
        6,
        9,
        "hard-reset",
        "Hard Reset",
        _OURS_AGAIN,
        Meaning("The router reset the session", "theirs", (_ROUTER_LOG,)),
    ),
    Notification(
        6,
        10,
        "bfd-down",
        "BFD Down",
        Meaning("BFD found the path to the router dead", "path", (_LOAD, "Is BFD on at the router, for this address?")),
        Meaning("The router's BFD found the path to this node dead", "path", (_LOAD,)),
    ),
    Notification(
        6,
        None,
        "cease",
        "Cease",
        _OURS_AGAIN,
        Meaning("The router ended the session", "theirs", (_ROUTER_LOG,)),
    ),
    Notification(7, None, "route-refresh-error", "ROUTE-REFRESH Message Error", *_both("a route refresh", _ROUTER_LOG)),
    Notification(
        8,
        None,
        "send-hold-timer-expired",
        "Send Hold Timer Expired",
        Meaning("The router did not take any data for the send hold time", "path", (_LOAD,)),
        Meaning("This node did not take any data for the router's send hold time", "path", (_LOAD,)),
    ),
)
_BY_NUMBER = {(row.code, row.subcode): row for row in NOTIFICATIONS}


def notification(code: int, subcode: int) -> Notification | None:
    """The row of a NOTIFICATION, that of its code alone if the subcode has none; None for an unknown code."""
    return _BY_NUMBER.get((code, subcode)) or _BY_NUMBER.get((code, None))
