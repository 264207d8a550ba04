"""The base of every model that mirrors a custom resource: three states, and the outbox in one row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.urls import reverse

from clusters import clock
from clusters.models.cluster import Cluster
from intent.findings import ObjectRef
from intent.kinds import Kind


class SyncState(models.TextChoices):
    """The config axis."""

    IN_SYNC = "in_sync", "in sync"
    PENDING = "pending", "pending"
    REJECTED = "rejected", "rejected"
    CONFLICT = "conflict", "conflict"
    DELETING = "deleting", "deleting"


def _fits(column: object, value: object) -> bool:
    """Whether the column can hold the value on every database; the API server knows no limit for most texts."""
    if isinstance(column, models.CharField):
        return isinstance(value, str) and len(value) <= (column.max_length or 0)
    if isinstance(column, models.BooleanField):
        return isinstance(value, bool)
    if isinstance(column, models.BigIntegerField):
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    if isinstance(column, models.IntegerField):
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31
    return value is not None


class Resource(models.Model):
    """A custom resource of one cluster.

    The columns of a subclass hold the desired spec, one column a CRD field (`intent.kinds.Field.column`), None = not
    set. `base` is the object that was reviewed when the pending edit was made, `live` the object last seen, both
    stripped of secrets. With nothing pending, desired follows live. The row is the outbox: an edit increments
    `revision`; a worker claims the row by a conditional UPDATE that sets `lease_until` and increments `fence`, and only
    a worker that still holds that fence may write the outcome and `applied_revision`.
    """

    KIND: ClassVar[Kind]
    PAGE: ClassVar[str]  # name of the page of one object

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="%(class)ss")
    namespace = models.CharField(max_length=63)
    name = models.CharField(max_length=253)
    labels = models.JSONField(default=dict, blank=True)
    annotations = models.JSONField(default=dict, blank=True)
    extra = models.JSONField(default=dict, blank=True, help_text="Spec fields of a newer CRD, kept as they are.")
    inline_password = models.BooleanField(default=False, help_text="The object in the cluster carries spec.password.")

    uid = models.CharField(max_length=64, blank=True)
    resource_version = models.CharField(max_length=64, blank=True)
    generation = models.PositiveBigIntegerField(default=0)
    base = models.JSONField(null=True, blank=True)
    live = models.JSONField(null=True, blank=True)

    sync_state = models.CharField(max_length=10, choices=SyncState, default=SyncState.IN_SYNC)
    sync_message = models.TextField(blank=True, help_text="The API server's or webhook's own words.")
    sync_at = models.DateTimeField(null=True)
    deleting = models.BooleanField(default=False)
    refused_deletion = models.BooleanField(default=False, help_text="The edit that was refused is a deletion.")
    revision = models.PositiveBigIntegerField(default=0)
    applied_revision = models.PositiveBigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveBigIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0, help_text="Tries of the newest revision; resets with it.")
    retry_at = models.DateTimeField(null=True, help_text="Not before this; backs off while the cluster is away.")

    findings = models.JSONField(default=list, help_text="What the rules say of the live set, as dictionaries.")
    severity = models.CharField(max_length=10, blank=True, help_text="The worst of `findings`; empty = none.")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)  # whoever changes a row, changes it

    class Meta:
        abstract = True
        ordering = ["cluster__name", "namespace", "name"]
        constraints = [
            models.UniqueConstraint(fields=["cluster", "namespace", "name"], name="%(class)s_once_per_cluster"),
        ]
        indexes = [
            models.Index(
                fields=["retry_at"], name="%(class)s_outbox", condition=~models.Q(revision=models.F("applied_revision"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    def get_absolute_url(self) -> str:
        return reverse(self.PAGE, args=[self.cluster.name, self.namespace, self.name])

    @property
    def ref(self) -> ObjectRef:
        """The object that this row mirrors."""
        return ObjectRef(kind=self.KIND.kind, namespace=self.namespace, name=self.name)

    @property
    def pending(self) -> bool:
        """Whether an accepted edit has not reached its final state."""
        return self.revision != self.applied_revision

    @property
    def spec(self) -> dict[str, Any]:
        """The desired spec with the CRD's own field names; fields that are not set are absent."""
        columns = {f.name: getattr(self, f.column) for f in self.KIND.fields if not f.secret}
        return {**self.extra, **{name: value for name, value in columns.items() if value is not None}}

    @spec.setter
    def spec(self, spec: dict[str, Any]) -> None:
        secret = {f.name for f in self.KIND.fields if f.secret}
        rest = {name: value for name, value in spec.items() if name not in secret}
        for field in self.KIND.fields:
            if not field.secret:
                value = rest.pop(field.name, None)
                fits = _fits(self._meta.get_field(field.column), value)
                setattr(self, field.column, value if fits else None)
                if value is not None and not fits:
                    rest[field.name] = value
        self.extra = rest

    @property
    def manifest(self) -> dict[str, Any]:
        """The desired object, without secrets and without what the server sets."""
        metadata: dict[str, Any] = {"name": self.name, "namespace": self.namespace}
        if self.labels:
            metadata["labels"] = self.labels
        if self.annotations:
            metadata["annotations"] = self.annotations
        return {"apiVersion": self.KIND.api_version, "kind": self.KIND.kind, "metadata": metadata, "spec": self.spec}

    @property
    def wanted(self) -> dict[str, Any] | None:
        """The object as the row's edit wants it, on its way or refused; None = it shall go."""
        return None if self.deleting or self.refused_deletion else self.manifest

    def derived(self, live: Mapping[str, Any] | None) -> dict[str, Any]:
        """Columns, beside those of its fields, that follow from the object that the cluster holds; at most a query.

        Written together with the outcome of an edit.
        """
        return {}
