"""BGPPeers or VRFs with too few sessions that are Established."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from django.db.models import Count

from alarms.conditions.facts import Facts
from alarms.conditions.finding import Found, Judged, key_of
from alarms.models import Rule
from clusters.words import HEALTH_WORDS, counted
from speakers.models import Sweep
from speakers.reach import UNSEEN, UP
from speakers.selectors import HEALTH, sessions

_NONE = "No session is intended: the BGPPeer is gone, or selects no node that the rule is about"


def few(rule: Rule, facts: Facts) -> Judged:
    """Those of which fewer than `number` are up even if all that are not seen are; at most two queries.

    Where that depends on what is not seen, it is not known: nothing begins then, and nothing ends.
    """
    per = str(rule.per)
    rows = facts.scope(rule).apply(sessions(now=facts.now)).filter(intended=True).order_by()
    numbers: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for key in _named(rule, facts):
        numbers[key] = Counter()
    for cluster, name, health, number in rows.values_list("cluster_id", per, "health").annotate(Count("pk")):
        numbers[cluster, name][health] += number
    found, unclear = [], Counter[tuple[int, str]]()
    for (cluster, name), healths in numbers.items():
        up, unseen = (sum(healths[one] for one in some) for some in (UP, UNSEEN))
        if up + unseen < rule.number:
            found.append(_found(cluster, name, healths, rule))
        if up < rule.number:
            unclear[cluster, key_of(f"{per} {name}")] = unseen
    return Judged(tuple(found), lambda alarm: unclear[alarm.cluster_id, alarm.key])


def _named(rule: Rule, facts: Facts) -> Iterator[tuple[int, str]]:
    """What the rule names outright, in each cluster that it names, or in the only one: none intended is too few."""
    names = [one for one in (rule.vrfs if rule.per == Rule.Per.VRF else rule.peers) if not one.endswith("*")]
    if not names:
        return
    swept = Sweep.objects.filter(cluster__in=facts.active, ended_at__isnull=False).order_by()
    for pk, cluster in swept.values_list("cluster_id", "cluster__name").distinct():
        if cluster in rule.clusters or (not rule.clusters and len(facts.active) == 1):
            yield from ((pk, name) for name in names)


def _found(cluster: int, name: str, healths: Counter[str], rule: Rule) -> Found:
    (up, unseen), total = (sum(healths[one] for one in some) for some in (UP, UNSEEN)), healths.total()
    what = "VRF" if rule.per == Rule.Per.VRF else "BGPPeer"
    return Found(
        cluster=cluster,
        key=f"{rule.per} {name}",
        cause_kind=str(rule.per),
        title=f"{what} {name} has {counted(up, 'established session')} of {total:,}",
        cause=f"Fewer than {rule.number:,} are established" if total else _NONE,
        vrf=name if rule.per == Rule.Per.VRF else "",
        peer=name if rule.per == Rule.Per.PEER else "",
        sessions=total - up - unseen,
        evidence=tuple((HEALTH_WORDS[one], counted(healths[one], "session")) for one in HEALTH if healths[one]),
    )
