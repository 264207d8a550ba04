"""A change set in the hands of one worker; everything that is written of it or its items is written under its fence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from clusters import clock
from clusters.kube.plain import PLAIN_KINDS
from clusters.models import ChangeSet, ChangeSetItem
from clusters.registry import rows_of
from clusters.sync.changesets.trial import trial_settled
from clusters.sync.claim import Lost, lease

State = ChangeSet.State
_Item = ChangeSetItem.State
_TRIES = 3
_PAUSE = timedelta(seconds=2)
_BEGUN = (_Item.PENDING, _Item.TRYING, _Item.DELETED, _Item.UNDOING)


@dataclass(frozen=True, slots=True)
class SetClaim:
    """The right to work on a change set as long as its fence is this one."""

    change_set: ChangeSet

    @property
    def pk(self) -> int:
        """The change set's number."""
        return self.change_set.pk

    def write(self, **values: Any) -> None:
        """Write columns of the change set, and hold on for one more request unless they say otherwise. Raises Lost."""
        mine = ChangeSet.objects.filter(pk=self.pk, fence=self.change_set.fence)
        if not mine.update(**{"lease_until": lease(), **values}):
            raise Lost
        for name, value in values.items():
            setattr(self.change_set, name, value)

    def renew(self) -> None:
        """Hold on for one more request. Raises Lost."""
        self.write()

    def item(self, item: ChangeSetItem, **values: Any) -> None:
        """Write columns of an item. Raises Lost."""
        with transaction.atomic():
            self.renew()
            ChangeSetItem.objects.filter(pk=item.pk).update(**values)
        for name, value in values.items():
            setattr(item, name, value)

    def first(self, *states: str) -> ChangeSetItem | None:
        """The first item in one of these states."""
        return self.change_set.items.filter(state__in=states).order_by("position").first()

    def last(self, *states: str) -> ChangeSetItem | None:
        """The last one."""
        return self.change_set.items.filter(state__in=states).order_by("-position").first()

    def wait(self, delay: float, message: str) -> None:
        """Let go until then. Raises Lost."""
        self.write(lease_until=None, retry_at=clock.now() + timedelta(seconds=delay), message=message)

    def let_go(self) -> bool:
        """Give up what is still ours, rows included, for whoever comes next; False if another worker has it.

        That may be at once, unless nothing came of several tries.
        """
        mine = ChangeSet.objects.filter(pk=self.pk, fence=self.change_set.fence)
        wait = clock.now() + _PAUSE if self.change_set.attempts > _TRIES else None
        with transaction.atomic():
            if not mine.update(lease_until=None, retry_at=wait):
                return False
            begun = self.change_set.items.filter(state__in=_BEGUN).exclude(kind__in=PLAIN_KINDS)
            for item in begun:
                rows = rows_of(item.kind).filter(cluster=self.change_set.cluster)
                rows.filter(namespace=item.namespace, name=item.name).update(lease_until=None)
        return True

    def settle(self, state: str, **values: Any) -> None:
        """It has its outcome, and so has its trial, unless that begins to count now. Raises Lost."""
        with transaction.atomic():
            self.write(state=state, settled_at=clock.now(), lease_until=None, retry_at=None, attempts=0, **values)
            trial_settled(self.change_set)


def claim_set(pk: int) -> SetClaim | None:
    """Take a change set that is due and free; None if there is nothing to do or somebody is at it."""
    now = clock.now()
    found = ChangeSet.objects.select_related("cluster").filter(pk=pk, state__in=ChangeSet.OPEN).first()
    if found is None or any(at is not None and at > now for at in (found.lease_until, found.retry_at)):
        return None
    unchanged = ChangeSet.objects.filter(pk=pk, fence=found.fence, state__in=ChangeSet.OPEN)
    if not unchanged.update(fence=F("fence") + 1, lease_until=lease(), attempts=F("attempts") + 1, retry_at=None):
        return None
    found.fence, found.attempts, found.retry_at = found.fence + 1, found.attempts + 1, None
    return SetClaim(found)
