"""What a node is asked about the prefixes that it tells: one exec, and a second one where something differs.

Bounded: no table is read. The first exec asks for what is sent to each neighbor whose session is up, which is what
MetalLB announces, and for the route maps of these neighbors; the second one for single prefixes and prefix lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from intent.policies import neighbor_id
from speakers.comparison.prefixes import Compared, Meant, Told, compare, read_advertised
from speakers.frr import commands, parse, policy
from speakers.frr.lookup import found, parts
from speakers.frr.parse import Unparsed
from speakers.frr.policy import ListKey, PrefixList

Key = tuple[str, str]  # VRF and neighbor
_LOOKED_UP = 20  # prefixes of one node that are looked up
_LISTS = 200  # prefix lists of one node that are read


@dataclass(slots=True)
class Inquiry:
    """Ask `first`, give the output to `read`; if there is a `second`, ask that, too, and give it to `explain`.

    meant: the sessions of the node that are Established, by VRF and neighbor.
    """

    meant: Mapping[Key, Meant]
    told: dict[Key, Told] = field(default_factory=dict)
    _looked: list[tuple[str, str]] = field(default_factory=list)
    _lists: list[ListKey] = field(default_factory=list)

    @property
    def first(self) -> commands.Argv:
        """What is sent on each session, and the route maps that decide it. Raises ArgumentError."""
        return commands.told(self._asked(), [f"{neighbor_id(one.session)}-out" for one in self.meant.values()])

    def _asked(self) -> list[tuple[str, str, str]]:
        return [
            (one.session.vrf, one.session.neighbor, family)
            for one in self.meant.values()
            for family in commands.FAMILIES
            if f"{family}Unicast" in one.families
        ]

    def read(self, stdout: bytes) -> Unparsed | None:
        """The answer to `first`; Unparsed if it cannot be used."""
        documents = _documents(stdout)
        if isinstance(documents, Unparsed):
            return documents
        asked = self._asked()
        answers, policies = documents[: len(asked)], documents[len(asked) :]
        if len(answers) != len(asked) or any("advertisedRoutes" not in answer for answer in answers):
            return Unparsed(parse.warning(stdout) or "FRR does not say what it sends")
        self.told = {key: Told() for key in self.meant}
        for (vrf, neighbor, _family), answer in zip(asked, answers, strict=True):
            read_advertised(answer, self.told[vrf, neighbor])
        for key, one in self.meant.items():
            name = f"{neighbor_id(one.session)}-out"
            self.told[key].rules = next((rules for each in policies if (rules := policy.route_map(each, name))), None)
        self._looked, self._lists = list(self._doubtful()), list(dict.fromkeys(self._needed()))[:_LISTS]
        return None

    def _doubtful(self) -> Iterator[tuple[str, str]]:
        """The first prefixes of each VRF that are meant and not sent."""
        several = dict.fromkeys(
            (key[0], prefix)
            for key, one in self.meant.items()
            for prefix in one.announced
            if prefix not in self.told[key].advertised
        )
        yield from list(several)[:_LOOKED_UP]

    def _needed(self) -> Iterator[ListKey]:
        """The prefix lists of sessions that lack a prefix, or whose route map does more than to set LOCAL_PREF."""
        for key, one in self.meant.items():
            told = self.told[key]
            lacking = any(prefix not in told.advertised for prefix in one.announced)
            marked = any(each.communities for each in one.announced.values())
            if lacking or marked or told.sets_more:
                yield from (key for rule in told.rules or () for key in rule.lists)

    @property
    def second(self) -> commands.Argv | None:
        """What explains the differences, None if nothing has to be. Raises ArgumentError."""
        return commands.explained(self._looked, self._lists) if self._looked or self._lists else None

    def explain(self, stdout: bytes) -> Unparsed | None:
        """The answer to `second`; without it there are no causes, and communities are not compared."""
        documents = _documents(stdout)
        if isinstance(documents, Unparsed):
            return documents
        answers, rest = documents[: len(self._looked)], documents[len(self._looked) :]
        lists: dict[ListKey, PrefixList] = {}
        for version, name in self._lists:
            found_list = next((one for each in rest if (one := policy.prefix_list(each, name)) is not None), None)
            if found_list is not None:
                lists[version, name] = found_list
        for key, told in self.told.items():
            told.lists = lists
            told.looked = {prefix for vrf, prefix in self._looked if vrf == key[0]}
            told.present = {
                prefix
                for (vrf, prefix), answer in zip(self._looked, answers, strict=False)
                if vrf == key[0] and answer.get("paths") and found(vrf, answer).network == prefix
            }
        return None

    def compared(self) -> dict[Key, Compared]:
        """Every session, after the answers."""
        return {key: compare(one, self.told[key]) for key, one in self.meant.items()}


def _documents(stdout: bytes) -> list[dict[str, Any]] | Unparsed:
    if len(stdout) > parse.DOCUMENT_LIMIT:
        return Unparsed(f"more than {parse.DOCUMENT_LIMIT >> 20} MiB of output")
    try:
        return list(parts(stdout.decode("utf-8", "replace")))
    except (ValueError, RecursionError) as error:
        return parse.unreadable(stdout, error)
