"""Services of type LoadBalancer and Namespaces as last listed: read from the cluster, never written to it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from django.db import models
from django.urls import reverse

from clusters.models.cluster import Cluster


class Mirrored(models.Model):
    """A row that repeats an object of the cluster. digest: of its other columns, so that changes are seen cheaply.

    digest_print: its first 40 bits, so that the sum over a cluster fits a column; another sum tells that one changed.
    """

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="%(class)ss")
    digest = models.CharField(max_length=32)
    digest_print = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


class Namespace(Mirrored):
    """A Namespace, whose labels pools can select."""

    name = models.CharField(max_length=63)
    labels = models.JSONField(default=dict)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["cluster", "name"], name="namespace_once_per_cluster")]

    def __str__(self) -> str:
        return self.name


class Service(Mirrored):
    """A Service of type LoadBalancer, with what MetalLB's annotations ask for and say."""

    class TrafficPolicy(models.TextChoices):
        CLUSTER = "Cluster"
        LOCAL = "Local"

    namespace = models.CharField(max_length=63)
    name = models.CharField(max_length=253)
    uid = models.CharField(max_length=64)
    labels = models.JSONField(default=dict)
    annotations = models.JSONField(default=dict, help_text="MetalLB's own ones only.")
    addresses = models.JSONField(default=list, help_text="IPs of status.loadBalancer.ingress.")
    ports = models.JSONField(default=list, help_text="name, protocol, port and nodePort of each.")
    pool = models.CharField(max_length=253, blank=True, help_text="Pool that MetalLB took the addresses from.")
    requested_pool = models.CharField(max_length=253, blank=True)
    requested_addresses = models.JSONField(default=list, help_text="As texts, by annotation or spec.loadBalancerIP.")
    sharing_key = models.CharField(max_length=253, blank=True)
    traffic_policy = models.CharField(max_length=20, choices=TrafficPolicy, default=TrafficPolicy.CLUSTER)
    ip_families = models.JSONField(default=list)
    ip_family_policy = models.CharField(max_length=30, blank=True)
    load_balancer_class = models.CharField(max_length=253, blank=True, help_text="Another than MetalLB's: not its own.")
    endpoint_nodes = models.JSONField(default=list, help_text="Where an endpoint is ready or serving; '' = no node.")
    warning = models.CharField(max_length=500, blank=True, help_text="MetalLB's last warning, while Kubernetes has it.")
    created_at = models.DateTimeField(null=True)
    address_count = models.PositiveSmallIntegerField(default=0)
    endpoint_count = models.PositiveIntegerField(default=0, help_text="Nodes with an endpoint.")

    class Meta:
        ordering = ["cluster__name", "namespace", "name"]
        constraints = [
            models.UniqueConstraint(fields=["cluster", "namespace", "name"], name="service_once_per_cluster")
        ]
        indexes = [
            models.Index(fields=["namespace", "name"], name="service_by_name"),
            models.Index(fields=["cluster", "pool"], name="service_by_pool"),
            models.Index(fields=["address_count"], name="service_by_addresses"),
            models.Index(fields=["cluster", "digest_print", "id"], name="service_by_print"),
        ]

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    def get_absolute_url(self) -> str:
        return reverse("service", args=[self.cluster.name, self.namespace, self.name])


class ServiceAddress(models.Model):
    """One address of a Service, so that they can be counted, searched and put in order by the database."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="address_rows")
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="+")
    pool = models.CharField(max_length=253, blank=True)
    family = models.PositiveSmallIntegerField(choices=[(4, "IPv4"), (6, "IPv6")])
    address = models.CharField(max_length=45, help_text="In canonical text.")
    sort_key = models.CharField(max_length=33, help_text="Family and number, as texts that sort as the addresses do.")

    class Meta:
        ordering = ["sort_key"]
        constraints = [models.UniqueConstraint(fields=["service", "address"], name="address_once_per_service")]
        indexes = [
            models.Index(fields=["cluster", "pool", "family", "address"], name="address_by_pool"),
            models.Index(fields=["cluster", "sort_key"], name="address_by_number"),
        ]

    def __str__(self) -> str:
        return self.address


def sort_key(address: IPv4Address | IPv6Address) -> str:
    """Addresses in the order of their numbers, IPv4 first."""
    return f"{address.version}{int(address):032x}"
