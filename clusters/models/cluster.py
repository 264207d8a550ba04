"""One Kubernetes cluster that bgpui is connected to."""

from __future__ import annotations

from django.db import models
from django.urls import reverse

from intent.snapshot import Mode, secret_namespace


class Cluster(models.Model):
    """A connection and what was last learnt through it; every other row of the cluster hangs on this one."""

    class Source(models.TextChoices):
        """Who says that bgpui is connected to it."""

        SETTINGS = "settings"
        ADDED = "added"

    class Observe(models.TextChoices):
        """How its sessions shall be observed."""

        SWEEP = "sweep", "every sweep asks each speaker"
        QUIET = "quiet", "a speaker is asked once a minute at most"
        NO_EXEC = "no-exec", "no command is run; only what is reported counts"

    class Observing(models.TextChoices):
        """How they are."""

        SWEEP = "sweep"
        QUIET = "quiet"
        NO_EXEC = "no-exec"
        METRICS = "metrics"
        NOTHING = "nothing"

    name = models.SlugField(max_length=63, unique=True)
    label = models.CharField(max_length=80, blank=True, help_text="What people call it; empty = its name.")
    source = models.CharField(max_length=10, choices=Source, default=Source.SETTINGS)
    enabled = models.BooleanField(default=True, help_text="Looked after; what was added here can be switched off.")
    removed_at = models.DateTimeField(null=True, help_text="Only its history is kept since then.")
    credential_id = models.CharField(
        max_length=32, blank=True, help_text="Of the stored credentials, another one with each; empty = none are."
    )
    kubeconfig = models.CharField(max_length=500, blank=True, help_text="Path of a kubeconfig; empty = in-cluster.")
    context = models.CharField(max_length=200, blank=True, help_text="Context in that file; empty = the current one.")

    namespace = models.CharField(max_length=63, default="metallb-system", help_text="Namespace of MetalLB.")
    frr_namespaces = models.JSONField(default=list, help_text="Where the pods with FRR are.")
    secret_passthrough = models.BooleanField(
        default=False, help_text="MetalLB gives FRR-K8s the name of a Secret there instead of the password."
    )
    ignores_exclude = models.BooleanField(
        default=False, help_text="MetalLB announces from nodes that are excluded from load balancers, too."
    )
    mode = models.CharField(max_length=10, choices=[(m.value, m.value) for m in Mode], default=Mode.UNKNOWN.value)
    metallb_version = models.CharField(max_length=40, blank=True)
    kubernetes_version = models.CharField(max_length=40, blank=True)
    served = models.JSONField(
        default=dict, help_text="Served versions by resource, {'bgppeers.metallb.io': ['v1beta2']}."
    )
    served_fields = models.JSONField(
        default=dict, help_text="Fields of specs in the served CRDs, by kind; a kind that is not named is not known."
    )
    listed = models.JSONField(default=dict, help_text="Namespace that a kind was last listed in, '' = all, by kind.")
    uid = models.CharField(max_length=64, blank=True, help_text="Of its namespace kube-system; empty = not known.")
    identity = models.CharField(max_length=300, blank=True, help_text="Who we are to the API server, as it says.")
    permissions = models.JSONField(default=list, help_text="What the service account may do: verb, resource, allowed.")

    observe = models.CharField(
        max_length=10, choices=Observe, blank=True, help_text="How its sessions shall be observed; empty = as set."
    )
    observing = models.CharField(
        max_length=10, choices=Observing, default=Observing.SWEEP, help_text="How they are observed now."
    )
    observing_why = models.CharField(
        max_length=500, blank=True, help_text="What stands in the way of another one, and the way out."
    )

    checked_at = models.DateTimeField(null=True, help_text="Last attempt to reach the API server.")
    connected_at = models.DateTimeField(null=True, help_text="Last attempt that succeeded.")
    readonly_at = models.DateTimeField(null=True, help_text="When Services and status objects were last read.")
    readonly_took = models.FloatField(default=0.0, help_text="Seconds that it took; the longer, the rarer.")
    watched_at = models.DateTimeField(null=True, help_text="When the event streams were last known to be looked after.")
    event_at = models.DateTimeField(null=True, help_text="When the last event came in.")
    event_lag = models.FloatField(null=True, help_text="Seconds from its arrival until the rows said so.")
    streams = models.JSONField(default=list, help_text="The event streams: name, live, readonly, error.")
    discovered_at = models.DateTimeField(null=True, help_text="When mode and versions were last asked for.")
    permissions_at = models.DateTimeField(null=True, help_text="When permissions were last asked for.")
    silent_since = models.DateTimeField(
        null=True, help_text="Since when it does not answer in time; empty = it does, or says that it cannot."
    )
    error = models.CharField(max_length=1000, blank=True, help_text="Why the last attempt failed; empty = it did not.")
    problems = models.JSONField(default=list, help_text="What is missing for the work: text and way out.")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("cluster", args=[self.name])

    @property
    def title(self) -> str:
        """What people call it."""
        return self.label or self.name

    @property
    def frr_namespace(self) -> str:
        """Where the pods with FRR are, "" = not known."""
        return str(next(iter(self.frr_namespaces), ""))

    @property
    def secret_namespace(self) -> str:
        """Where the Secrets with passwords of peers are looked for."""
        mode, passthrough = Mode(self.mode), self.secret_passthrough
        return secret_namespace(mode, self.namespace, self.frr_namespace, passthrough=passthrough)
