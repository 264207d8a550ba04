"""JSON schemas of what endpoints answer beside manifests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clusters.models import SyncState

TEXT = {"type": "string"}
_TIME = {"type": ["string", "null"], "format": "date-time"}
COUNT = {"type": "integer", "minimum": 0}
_YES = {"type": "boolean"}
_NAMES = {"type": "array", "items": TEXT}


def shape(properties: Mapping[str, Any], **rest: Any) -> dict[str, Any]:
    """An object with these properties."""
    return {"type": "object", "properties": dict(properties), **rest}


FINDING = shape(
    {
        "code": {**TEXT, "description": "Stable name of the rule; `accept` takes those of documented rules."},
        "severity": {**TEXT, "enum": ["error", "documented", "warning"]},
        "field": {**TEXT, "description": "Path in the object, empty for the whole of it."},
        "value": {**TEXT, "description": "The value found there, never a secret."},
        "message": {**TEXT, "description": "The rule and how it is broken."},
        "source": {**TEXT, "description": "Where the rule comes from."},
        "hint": {**TEXT, "description": "The way out."},
        "objects": {
            "type": "array",
            "items": shape({"kind": TEXT, "namespace": TEXT, "name": TEXT}),
            "description": "The object that is judged, then those that it clashes with: 20 at most.",
        },
        "more": {"type": "integer", "minimum": 0, "description": "How many more objects clash."},
        "more_nodes": {"type": "integer", "minimum": 0, "description": "How many more nodes it bites on."},
        "nodes": {"type": "array", "items": TEXT, "description": "Where it bites, if that depends on nodes."},
        "stood": {
            "type": "boolean",
            "description": "The cluster holds the object with it already: nothing is to be accepted.",
        },
    },
    required=["code", "severity", "field", "message"],
)
_FINDING_REF = {"$ref": "#/components/schemas/Finding"}
FINDINGS: dict[str, Any] = {"type": "array", "items": _FINDING_REF}
SYNC = shape(
    {
        "state": {**TEXT, "enum": list(SyncState.values)},
        "message": {**TEXT, "description": "The API server's or webhook's own words."},
        "revision": {**COUNT, "description": "Number of the newest edit."},
        "appliedRevision": {**COUNT, "description": "Number of the newest edit that has its outcome."},
        "at": _TIME,
    },
    readOnly=True,
)
EDIT = shape(
    {
        "manifest": {"type": ["object", "null"], "description": "What it would make of the object; null = no such."},
        "state": {**TEXT, "enum": [SyncState.REJECTED.value, SyncState.CONFLICT.value]},
        "message": {**TEXT, "description": "Why it is not in force."},
    },
    readOnly=True,
    description="An edit that the cluster did not take, beside what the cluster holds; null = there is none.",
) | {"type": ["object", "null"]}
SESSIONS = shape(
    dict.fromkeys(("intended", "up", "degraded", "down", "unknown", "claimed"), COUNT) | {"rivals": _NAMES},
    readOnly=True,
    description="How many sessions the object stands for, and how many of them are what, as of now. Beside peers with "
    "the same neighbor, the rivals: how many run as one of theirs.",
)
USED_BY = {
    "type": "array",
    "items": shape(dict.fromkeys(("kind", "namespace", "name", "field"), TEXT)),
    "readOnly": True,
    "description": "The objects that name this one, and in which field; told when one object is asked for.",
}
OLDER_WRITERS = {
    "type": "array",
    "items": shape(dict.fromkeys(("manager", "apiVersion"), TEXT)),
    "readOnly": True,
    "description": "Who wrote it in an older version of the kind, which the API server converts; told with one object.",
}
_SERVICES = {"type": "array", "items": shape(dict.fromkeys(("namespace", "name"), TEXT))}
_POOL_NUMBERS = ("version", "total", "used", "left", "total_then", "used_then", "left_then")
NOT_UP: dict[str, Any] = {
    "type": "array",
    "description": "The first of the sessions that are meant and not up, with why and their pages.",
    "items": shape(dict.fromkeys(("node", "peer", "vrf", "neighbor", "words", "href"), TEXT)),
}
REVIEW = shape(
    {
        "dryRun": shape({"ok": {"type": "boolean"}, "message": {**TEXT, "description": "The API server's own words."}}),
        "overridable": {
            "type": "array",
            "items": TEXT,
            "description": "Rules that an administrator may override, since the API server accepts the object.",
        },
        "findings": FINDINGS,
        "introduced": {**FINDINGS, "description": "Those that there are with the change alone, of other objects, too."},
        "solved": {**FINDINGS, "description": "Those that go with it."},
        "diff": {"type": "array", "items": shape({"path": TEXT, "before": {}, "after": {}})},
        "before": {"type": ["object", "null"]},
        "after": {"type": ["object", "null"]},
        "sessions": {
            "type": "array",
            "description": "How many sessions of a peer open, close, reset, may reset (those with BFD up do), or stay "
            "up with other values of `fields`.",
            "items": shape(
                {
                    **dict.fromkeys(("peer", "vrf", "neighbor"), TEXT),
                    **dict.fromkeys(("opened", "closed", "reset", "mayReset", "changed"), COUNT),
                    "fields": _NAMES,
                    "nodes": {"type": "object", "description": "The first nodes of each, by `opened` and so on."},
                }
            ),
        },
        "announcements": shape(
            {
                "lost": {**COUNT, "description": "Services that nobody announces any more."},
                "dark": {**COUNT, "description": "Services left with sessions none of which is up now."},
                "alone": {**COUNT, "description": "Services that lose their redundancy: one node or one peer is left."},
                "services": {
                    "type": "array",
                    "items": shape(
                        dict.fromkeys(("namespace", "name"), TEXT)
                        | dict.fromkeys(("lost", "dark", "alone"), _YES)
                        | dict.fromkeys(
                            ("before", "after"),
                            shape(dict.fromkeys(("nodes", "peers", "sessions", "up"), COUNT) | {"notUp": NOT_UP}),
                        )
                    ),
                },
                "routes": {
                    "type": "array",
                    "description": "On how many nodes a prefix is announced to a neighbor, withdrawn from it, or has "
                    "another LOCAL_PREF or other communities.",
                    "items": shape(
                        dict.fromkeys(("peer", "vrf", "neighbor", "prefix"), TEXT)
                        | dict.fromkeys(("announced", "withdrawn", "changed"), COUNT)
                    ),
                },
                **dict.fromkeys(("moreServices", "moreRoutes"), COUNT),
            },
            description="What MetalLB announces otherwise; null for kinds that do not decide about it.",
        )
        | {"type": ["object", "null"]},
        "layer2": shape(
            {
                "lost": {**COUNT, "description": "Services for which nobody may answer any more."},
                "gained": {**COUNT, "description": "Services for which somebody may answer now, and nobody could."},
                "moved": {**COUNT, "description": "Services whose node, as MetalLB reports, is no candidate then."},
                "services": {
                    "type": "array",
                    "items": shape(
                        dict.fromkeys(("namespace", "name", "answers"), TEXT)
                        | {"addresses": _NAMES}
                        | dict.fromkeys(("lost", "gained", "moves", "stays"), _YES)
                        | dict.fromkeys(
                            ("before", "after"), shape({"count": COUNT, "nodes": _NAMES, "interfaces": _NAMES})
                        )
                    ),
                },
                "moreServices": COUNT,
            },
            description="Which nodes may answer ARP and NDP otherwise; of them MetalLB takes one for each service, by "
            "a hash. `stays`: the one that answers now goes on. null for kinds that do not decide about it.",
        )
        | {"type": ["object", "null"]},
        "addresses": shape(
            {
                "displaced": {**COUNT, "description": "Services whose addresses no pool holds any more."},
                "without": {**COUNT, "description": "Those of them for which no address is left."},
                "services": {
                    "type": "array",
                    "items": shape(dict.fromkeys(("namespace", "name"), TEXT) | {"addresses": _NAMES, "pools": _NAMES}),
                },
                "moreServices": {**COUNT, "description": "Not looked at: where they may get others is not told."},
                "pools": {
                    "type": "array",
                    "description": "Pools that change, now and then, by IP version; IPv6 may need more than 64 bits.",
                    "items": shape({"pool": TEXT} | dict.fromkeys(_POOL_NUMBERS, COUNT)),
                },
            },
            description="What becomes of the addresses of services; null if no pool changes.",
        )
        | {"type": ["object", "null"]},
        "between": shape(
            {"prefixes": _NAMES, "prefixCount": COUNT}
            | dict.fromkeys(("lostCount", "displacedCount", "interruptedCount"), COUNT)
            | dict.fromkeys(("lost", "displaced", "interrupted"), _SERVICES),
            description="What is withdrawn for a while. By a change set that deletes something before it writes it or "
            "something else: prefixes that a session loses and gets again, services that nobody announces, or whose "
            "addresses no pool holds meanwhile. `interrupted`: services that nobody announces while sessions reset, "
            "since they go out over no other one that is known to be up.",
        ),
        "configuration": shape(
            {
                "differences": {
                    "type": "array",
                    "description": "Unified differences of frr.conf as MetalLB writes it, without passwords and the "
                    "lines of a ConfigMap bgpextras, each of the first of the `count` nodes where it is the same.",
                    "items": shape({"nodes": _NAMES, "count": COUNT, "diff": TEXT, "moreLines": COUNT}),
                },
                "more": {**COUNT, "description": "In how many other ways nodes change."},
            }
        ),
        "frozen": shape(
            {
                "count": COUNT,
                "nodes": _NAMES,
                "reasons": {
                    "type": "array",
                    "items": shape(
                        {
                            "nodes": _NAMES,
                            "count": COUNT,
                            "message": TEXT,
                            "told": {**_NAMES, "description": "Who says it: the rules, MetalLB, frr-k8s."},
                            "byThisChange": {**_YES, "description": "Whether the change itself is the reason."},
                            "objects": {
                                "type": "array",
                                "description": "What is to be mended.",
                                "items": shape(dict.fromkeys(("kind", "namespace", "name", "page"), TEXT)),
                            },
                        }
                    ),
                },
                "moreReasons": COUNT,
                "freed": {**_NAMES, "description": "Nodes that take up their configuration with this change."},
                "freedCount": COUNT,
                "allocation": {
                    **TEXT,
                    "description": "Why MetalLB's controller takes no change of pools; empty = it does.",
                },
            },
            description="Where the change will not be in force: nodes that keep their old configuration, and why.",
        ),
        "confirm": {
            **_NAMES,
            "description": "What is destroyed, in numbers: whoever applies it says each of them in `accept`.",
        },
    },
    description="What an edit would change, what the rules say of it, and what the API server answers to a trial.",
)
DELETION = shape(
    REVIEW["properties"]
    | {
        "usedBy": USED_BY,
        "leftover": {
            **shape(dict.fromkeys(("name", "namespace", "command"), TEXT)),
            "type": ["object", "null"],
            "description": "The Secret that nothing refers to then, and what removes it.",
        },
    },
    description="With `dry_run`: what the deletion would do.",
)
