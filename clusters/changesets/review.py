"""Review of several edits: what each would change, what everybody says of them, and the order of work."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from time import monotonic

from clusters.changesets.balancers import with_balancers
from clusters.changesets.judge import judge_in, with_all
from clusters.changesets.wanted import AnyEdit, Wanted, action_of, prepare_all
from clusters.edits.dryrun import DryRun
from clusters.edits.dryrun import dry_run as ask
from clusters.edits.edit import Edit, PlainEdit
from clusters.edits.meaning import NO_MEANING, Meaning, Meant
from clusters.edits.overriding import NOTHING, Override, overridable, stops
from clusters.edits.review import beyond, concerning
from clusters.edits.unedited import findings_without
from clusters.manifest import FieldDiff, Object, differences, has_inline_password, plain
from clusters.models import Cluster
from clusters.selectors import snapshot_of
from clusters.sync import ownership
from intent import rules
from intent.assignments import Outlook
from intent.between import NOTHING_BETWEEN, Between, Step, between
from intent.findings import Finding, ObjectRef
from intent.rules import blocking
from intent.snapshot import Snapshot

_PATIENCE = 10.0  # seconds that whoever looks waits for trials; the change set itself tries all before it writes
_UNASKED = DryRun(accepted=None, message="", independent=False)
_LATER = DryRun(accepted=None, message="Not tried yet: this is tried before anything is written.", independent=False)


@dataclass(frozen=True, slots=True)
class ItemReview:
    """One object of the set. action "" = it stands as it shall. before and after: manifests, None = no such object.

    revision: of the row that was looked at, for `Wanted.base_revision`; 0 = there is none.
    """

    ref: ObjectRef
    action: str
    findings: tuple[Finding, ...]
    diff: tuple[FieldDiff, ...]
    before: Object | None
    after: Object | None
    dry_run: DryRun
    takes_over: tuple[str, ...]
    drops_inline_password: bool
    revision: int

    def blocks(self, accept: Collection[str]) -> bool:
        """Whether its findings forbid the whole set."""
        return bool(blocking(self.findings, accept))


@dataclass(frozen=True, slots=True)
class SetReview:
    """items: in the order of work. given: for each of the edits, where it is among them. introduced and solved: of all

    objects of the cluster, against what it would be without the set. assigned: what the services get that it makes.
    """

    items: tuple[ItemReview, ...]
    given: tuple[int, ...]
    introduced: tuple[Finding, ...]
    solved: tuple[Finding, ...]
    meaning: Meaning = NO_MEANING
    assigned: tuple[Outlook, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether every object stands as it shall."""
        return not any(item.action for item in self.items)

    def blocked(self, accept: Collection[str] = ()) -> bool:
        """Whether the rules or the API server forbid it."""
        return any(item.blocks(accept) or item.dry_run.accepted is False for item in self.items)


def changeset_review(
    *,
    cluster: Cluster,
    edits: Sequence[Wanted],
    dry_run: bool = True,
    accept: Collection[str] = (),
    override: Override = NOTHING,
    meaning: bool = True,
    offer: bool = False,
) -> SetReview:
    """Look at several edits from all sides. Writes nothing. With dry_run it asks the API server about each, unless the

    rules forbid one of them. accept: codes of `documented` findings that are acknowledged. override: those of rules
    that an administrator overrides. meaning: also work out what it means for sessions, announcements and frr.conf.
    offer: ask about what only rules forbid that can be overridden, too.
    Raises KeyError for a kind that is not known.
    """
    prepared = prepare_all(cluster, edits)
    before = snapshot_of(cluster, desired=True)
    after = with_all(prepared, before)
    # What is there on both sides is named first in the findings of both, which have to be compared.
    refs = {edit.ref for edit in prepared if isinstance(edit, Edit) and edit.live is not None and edit.manifest}
    old, checked = findings_without(before, refs), rules.Checked(after, refs)
    shared = checked if refs == {edit.ref for edit in prepared} else None
    judged, new = judge_in(cluster, prepared, before, after, checked=shared), checked.findings()
    found, order = judged.findings, judged.order
    stop = [one for some in found for one in stops(some, accept, override)]
    asks = dry_run and (not stop or (offer and all(map(overridable, stop))))
    told = _trials(prepared, order) if asks else {}
    introduced = beyond(new, old)
    said = [concerning(edit.ref, some, introduced) for edit, some in zip(prepared, found, strict=True)]
    review = SetReview(
        items=tuple(_item(prepared[index], said[index], told.get(index, _UNASKED)) for index in order),
        given=tuple(order.index(index) for index in range(len(order))),
        introduced=introduced,
        solved=beyond(old, new),
    )
    return _with_meaning(review, cluster, [prepared[index] for index in order], after) if meaning else review


def _with_meaning(review: SetReview, cluster: Cluster, edits: Sequence[AnyEdit], after: Snapshot) -> SetReview:
    """The same with what it means; edits: in the order of work. after: the cluster with all of them in it."""
    own = [edit for edit in edits if isinstance(edit, Edit)]
    then, assigned = with_balancers(edits, after)
    meant = Meant(cluster, own, after, then)
    meaning, meanwhile = meant.meaning(review.introduced), _between(edits, after, meant.held)
    silent = tuple(ref for ref in meaning.between.interrupted if ref not in meanwhile.lost)
    meaning = replace(meaning, between=replace(meanwhile, interrupted=silent))
    return replace(review, meaning=meaning, assigned=assigned)


def _between(edits: Sequence[AnyEdit], after: Snapshot, now: Snapshot) -> Between:
    """What is withdrawn while the edits are made one after the other, in their order. now: without any of them."""
    own = [edit for edit in edits if isinstance(edit, Edit) and action_of(edit)]
    refs = {edit.ref for edit in own}
    wanted = {resource.ref: resource for resource in after.resources if resource.ref in refs}
    steps: list[Step] = []
    for edit in own:
        steps += [(edit.ref, None)] if edit.recreate or edit.manifest is None else []
        steps += [(edit.ref, wanted[edit.ref])] if edit.ref in wanted else []
    return between(now, steps) if own else NOTHING_BETWEEN


def _trials(edits: Sequence[AnyEdit], order: Sequence[int]) -> dict[int, DryRun]:
    """What the API server says of each that changes something; once it is away, it is not asked again."""
    told: dict[int, DryRun] = {}
    end, away = monotonic() + _PATIENCE, None
    for index in order:
        if action_of(edits[index]):
            told[index] = away or (ask(edits[index], edits) if monotonic() < end else _LATER)
            if told[index].accepted is None and told[index].independent:
                away = told[index]
    return told


def _item(edit: AnyEdit, found: Sequence[Finding], asked: DryRun) -> ItemReview:
    action = action_of(edit)
    if isinstance(edit, PlainEdit):
        return ItemReview(edit.ref, action, tuple(found), (), None, edit.manifest, asked, (), False, 0)  # noqa: FBT003
    live = edit.live
    return ItemReview(
        ref=edit.ref,
        action=action,
        findings=tuple(found),
        diff=differences(edit.kind, live, edit.after),
        before=plain(live),
        after=plain(edit.manifest),
        dry_run=asked,
        takes_over=ownership.taken_over_from(live) if live is not None and edit.manifest is not None else (),
        drops_inline_password=_drops(edit),
        revision=edit.row.revision if edit.row is not None else 0,
    )


def _drops(edit: Edit) -> bool:
    return has_inline_password(edit.live) and not edit.inline_password and edit.manifest is not None
