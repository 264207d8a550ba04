"""An administrator's way past rules that only bgpui knows: applied if the API server takes it, with the reason kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from clusters.edits.dryrun import DryRun, dry_run
from clusters.edits.edit import Edit, PlainEdit
from clusters.edits.refusals import ClusterUnreachable, Refused
from intent.findings import Finding, Severity
from intent.rules import blocking

REASON = 400  # characters
WHO = "Only an administrator overrides rules."
# What bgpui itself would not be able to do, or not to take back; and a password, which no dry run sees.
_KEPT_SOURCES = frozenset({"bgpui", "settings", "field managers", "Kubernetes API server"})
_KEPT_FIELDS = frozenset({"spec.password"})


@dataclass(frozen=True, slots=True)
class Override:
    """The codes of the rules that are overridden, and why."""

    codes: frozenset[str] = frozenset()
    reason: str = ""

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of a `Change` for it."""
        return {"overridden": sorted(self.codes), "override_reason": self.reason if self.codes else ""}

    def of(self, found: Iterable[Finding]) -> Override:
        """What of it these findings need."""
        needed = {finding.code for finding in found if overridable(finding)}
        return Override(self.codes & needed, self.reason)


NOTHING = Override()


def may_override(user: Any) -> bool:
    """Whether the user is an administrator."""
    return bool(user.has_perm("clusters.change_cluster"))


def overridable(finding: Finding) -> bool:
    """Whether a finding is a rule about MetalLB's objects, which may be wrong where the cluster knows better."""
    is_rule = finding.source not in _KEPT_SOURCES and finding.field not in _KEPT_FIELDS
    return finding.severity is Severity.ERROR and is_rule and not finding.stood


def stops(found: Iterable[Finding], accept: Collection[str], override: Override = NOTHING) -> list[Finding]:
    """What forbids to apply, without what is overridden."""
    found = blocking(found, accept)
    return [one for one in found if not (overridable(one) and one.code in override.codes and override.reason)]


def offered(looks: Iterable[tuple[Iterable[Finding], DryRun]]) -> list[Finding]:
    """The rules that could be overridden, each once, of what was found in objects and the answers to their dry runs.

    Only those that forbid nothing but what the API server accepts; whoever could not ask it has nothing to offer.
    """
    rules: dict[str, Finding] = {}
    kept: set[str] = set()
    for found, answer in looks:
        for one in filter(overridable, found):
            rules.setdefault(one.code, one)
            if answer.accepted is not True:
                kept.add(one.code)
    return [one for code, one in rules.items() if code not in kept]


def trial_passes(edit: Edit | PlainEdit, beside: Sequence[Edit | PlainEdit] = ()) -> None:
    """Ask the API server, whose yes is what allows to override.

    Raises Refused if it says no, ClusterUnreachable if it cannot be asked.
    """
    answer = dry_run(edit, beside)
    if answer.accepted is None:
        text = f"{answer.message} A rule is overridden only if the API server accepts the edit in a dry run."
        if answer.independent:
            raise ClusterUnreachable(text)
        raise Refused([_refusal(edit, text, "Apply what it needs first.")])
    if not answer.accepted:
        text = f"The API server refuses this, so no rule of bgpui is in the way: {answer.message}"
        raise Refused([_refusal(edit, text, "Change the object until it is accepted.")])


def _refusal(edit: Edit | PlainEdit, text: str, hint: str) -> Finding:
    source = "Kubernetes API server"
    return Finding("override-refused", Severity.ERROR, "", "", text[:1000], source, hint, (edit.ref,))
