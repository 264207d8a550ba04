"""The JSON of sessions, transitions and speakers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from clusters import clock
from clusters.api.problems import finding_json
from clusters.api.shapes import FINDINGS
from clusters.stale import Refusal
from speakers.comparison.serializers import ComparisonField
from speakers.frr.routes import PAGE
from speakers.live import CommandResult, Detail
from speakers.models import Session, Speaker, Transition


def seconds_since(moment: datetime | None) -> int | None:
    """Whole seconds from then to now, never negative; None for no time."""
    return None if moment is None else max(0, int((clock.now() - moment).total_seconds()))


class TimersSerializer(serializers.Serializer[Session]):
    """Negotiated timers, in seconds."""

    hold = serializers.IntegerField(source="hold_time", allow_null=True)
    keepalive = serializers.IntegerField(source="keepalive_time", allow_null=True)


class PrefixesSerializer(serializers.Serializer[Session]):
    """Prefixes of all families; null = FRR does not say."""

    sent = serializers.IntegerField(source="prefixes_sent", allow_null=True)
    received = serializers.IntegerField(source="prefixes_received", allow_null=True)


class ConnectionsSerializer(serializers.Serializer[Session]):
    """How often the session was established and lost since FRR knows the neighbor; null = FRR is not asked."""

    established = serializers.IntegerField(source="connections_established", allow_null=True)
    dropped = serializers.IntegerField(source="connections_dropped", allow_null=True)

    def to_representation(self, instance: Session) -> dict[str, Any]:
        """Nobody but FRR counts them."""
        found: dict[str, Any] = super().to_representation(instance)
        return found if instance.speaker.source == Speaker.Source.VTYSH else dict.fromkeys(found)


class SessionSerializer(serializers.ModelSerializer[Session]):
    """A session: where it is, what FRR last said of it, and what that means now."""

    cluster = serializers.CharField(source="cluster.name")
    technology_preview = serializers.SerializerMethodField(help_text="VRFs are a Technology Preview on OpenShift.")
    health = serializers.CharField(help_text="up, degraded, down, unknown, late, absent or orphan, as of now.")
    observed_at = serializers.DateTimeField(source="speaker.observed_at", help_text="When FRR was last heard.")
    heard_from = serializers.CharField(
        source="speaker.source", help_text="Who was heard then: vtysh, status (FRR-K8s' reports) or metrics."
    )
    age = serializers.SerializerMethodField(help_text="Seconds since then.")
    uptime = serializers.SerializerMethodField(help_text="Seconds; null unless it was Established when last heard.")
    timers = TimersSerializer(source="*")
    prefixes = PrefixesSerializer(source="*")
    connections = ConnectionsSerializer(source="*")
    families = serializers.ListField(child=serializers.CharField())
    evidence = serializers.DictField()
    comparison = ComparisonField(help_text="Prefixes held against those that are meant; null = not looked at yet.")

    class Meta:
        model = Session
        fields: tuple[str, ...] = (
            "id", "cluster", "node", "vrf", "technology_preview", "neighbor", "peer", "intended", "state", "health",
            "degraded", "observed_at", "heard_from", "age", "since", "began_before", "reason", "cause", "evidence",
            "remote_as", "local_as", "remote_router_id", "local_router_id", "link", "bgp_version", "hostname",
            "established_at", "uptime", "timers", "families", "bfd", "prefixes", "connections", "differs",
            "differs_since", "comparison",
        )  # fmt: skip
        read_only_fields: tuple[str, ...] = fields

    def get_technology_preview(self, session: Session) -> bool:
        """Whether it is in a VRF of its own."""
        return session.vrf != "default"

    def get_age(self, session: Session) -> int | None:
        """Seconds since FRR was heard."""
        return seconds_since(session.speaker.observed_at)

    def get_uptime(self, session: Session) -> int | None:
        """Seconds since it was established."""
        up = session.state == Session.State.ESTABLISHED
        return seconds_since(session.established_at) if up else None


class MessageSerializer(serializers.Serializer[Any]):
    """Messages of one type."""

    name = serializers.CharField()
    sent = serializers.IntegerField(allow_null=True)
    received = serializers.IntegerField(allow_null=True)


class CapabilitySerializer(serializers.Serializer[Any]):
    """A capability (RFC 5492) and who offered it."""

    name = serializers.CharField()
    value = serializers.CharField()


class FamilySerializer(serializers.Serializer[Any]):
    """An address family that is activated on this side."""

    name = serializers.CharField()
    negotiated = serializers.BooleanField()
    accepted = serializers.IntegerField(allow_null=True)
    sent = serializers.IntegerField(allow_null=True)
    route_map_in = serializers.CharField()
    route_map_out = serializers.CharField()


_MILLISECONDS = (
    "last_read", "last_write", "hold_time", "keepalive_time", "configured_hold_time", "configured_keepalive_time",
    "next_start_due", "next_connect_due", "last_reset_ago", "rtt",
)  # fmt: skip
_PLAIN = (
    "last_reset",
    "last_notification",
    "local_host",
    "local_port",
    "foreign_host",
    "foreign_port",
    "next_hop",
    "md5",
)


class LiveSerializer(serializers.Serializer[Detail]):
    """What moves with every poll, as FRR last said it."""

    at = serializers.DateTimeField()
    milliseconds = serializers.DictField(child=serializers.IntegerField(allow_null=True), help_text="Timers and ages.")
    connection = serializers.DictField(help_text="Both ends, last reset, password protection.")
    messages = MessageSerializer(many=True)
    capabilities = CapabilitySerializer(many=True)
    families = FamilySerializer(many=True)
    bfd = serializers.DictField(allow_null=True, help_text="The session of bfdd.")


class SessionDetailSerializer(SessionSerializer):
    """A session with what moves with every poll."""

    live = LiveSerializer(allow_null=True)

    class Meta(SessionSerializer.Meta):
        fields = (*SessionSerializer.Meta.fields, "live")
        read_only_fields = fields


def detail_json(detail: Detail | None) -> dict[str, Any] | None:
    """The live part of a session."""
    if detail is None:
        return None
    neighbor = detail.neighbor
    return {
        "at": detail.at,
        "milliseconds": {name: getattr(neighbor, name) for name in _MILLISECONDS},
        "connection": {name: getattr(neighbor, name) for name in _PLAIN},
        "messages": [message._asdict() for message in neighbor.message_list],
        "capabilities": [capability._asdict() for capability in neighbor.capability_list],
        "families": [family._asdict() for family in neighbor.family_list],
        "bfd": None if detail.bfd is None else msgspec.structs.asdict(detail.bfd),
    }


class TransitionSerializer(serializers.ModelSerializer[Transition]):
    """One change of a session's state."""

    cluster = serializers.CharField(source="cluster.name")
    session = serializers.IntegerField(source="session_id", allow_null=True)
    evidence = serializers.DictField()

    class Meta:
        model = Transition
        fields = (
            "id", "session", "cluster", "node", "vrf", "neighbor", "peer", "at", "old_state", "new_state", "reason",
            "cause", "evidence",
        )  # fmt: skip
        read_only_fields = fields


class SpeakerSerializer(serializers.ModelSerializer[Speaker]):
    """The FRR of a node: its pod, and how the last poll went."""

    cluster = serializers.CharField(source="cluster.name")
    freshness = serializers.CharField(help_text="live, late, unknown, or absent (no pod with FRR on this node).")
    age = serializers.SerializerMethodField(help_text="Seconds since the last full answer.")
    quiet = serializers.BooleanField(help_text="It is asked once a minute at most, as long as it answers.")
    heard_from = serializers.CharField(source="source", help_text="Who that was: vtysh, status (reports) or metrics.")
    refusals = serializers.SerializerMethodField(help_text="Why it keeps its old configuration; empty = it does not.")

    class Meta:
        model = Speaker
        fields = (
            "id", "cluster", "node", "namespace", "pod", "container", "image", "ready", "phase", "restarts",
            "started_at", "frr_version", "freshness", "observed_at", "age", "attempted_at", "duration_ms", "misses",
            "retry_at", "error", "heard_from", "asked_at", "quiet", "refusals",
        )  # fmt: skip
        read_only_fields = fields

    def get_age(self, speaker: Speaker) -> int | None:
        """Seconds since FRR was heard."""
        return seconds_since(speaker.observed_at)

    @extend_schema_field(FINDINGS)
    def get_refusals(self, speaker: Speaker) -> list[dict[str, Any]]:
        """Errors for which the node's speaker refuses everything; the view has those of all nodes."""
        several: Mapping[tuple[int, str], Sequence[Refusal]] = self.context["refusals"]
        return [finding_json(why.finding) for why in several.get((speaker.cluster_id, speaker.node), ())]


class AnswerSerializer(serializers.Serializer[CommandResult]):
    """The answer of a node to a question asked on demand."""

    at = serializers.DateTimeField()
    command = serializers.CharField(help_text="What asks the same in a shell.")
    ok = serializers.BooleanField()
    error = serializers.CharField(help_text="Why there is no answer.")
    text = serializers.CharField(help_text="FRR's words, passwords left out.")
    paths = serializers.ListField(
        child=serializers.DictField(), help_text="Paths of the table, a page of 100; the first 5,000 prefixes are kept."
    )
    total = serializers.IntegerField(allow_null=True, help_text="Prefixes that FRR has.")
    pages = serializers.IntegerField(help_text="Of `paths`.")
    meant = serializers.ListField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="Prefixes that MetalLB's objects announce to this peer from this node, the first 5,000.",
    )
    missing = serializers.ListField(child=serializers.CharField(), help_text="Those of them that FRR does not have.")


def answer_json(answer: CommandResult, page: int = 1) -> dict[str, Any]:
    """An answer as JSON, with a page of its table."""
    table = answer.table
    start = (page - 1) * PAGE
    paths = [msgspec.to_builtins(path) for path in table.paths[start : start + PAGE]] if table else []
    shown = {name: getattr(answer, name) for name in ("at", "command", "ok", "error", "text", "meant", "missing")}
    pages = -(-len(table.paths) // PAGE) if table else 0
    return {**shown, "paths": paths, "total": table.total if table else None, "pages": pages}
