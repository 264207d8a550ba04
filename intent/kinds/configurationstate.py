"""ConfigurationState (metallb.io/v1beta1): whether a speaker or the controller accepts the configuration."""

from __future__ import annotations

from typing import Any

from intent.kinds.field import Column, Field, Kind, Version


def _text(name: str, label: str, description: str, **rest: Any) -> Field:
    return Field(name=name, type="string", label=label, description=description, section="reported", **rest)


_CONDITION = (
    _text(
        "type",
        "Type",
        "What was judged: configReconcilerValid by a speaker, poolReconcilerValid by the controller.",
        required=True,
        max_length=316,
        pattern=r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
        r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
    ),
    _text("status", "Status", "True = accepted.", required=True, enum=("True", "False", "Unknown")),
    _text(
        "reason",
        "Reason",
        "Reconciled, ConfigurationError, InfraError or UnknownError.",
        required=True,
        min_length=1,
        max_length=1024,
        pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
    ),
    _text("message", "Message", "What is wrong, in MetalLB's words.", required=True, max_length=32768),
    _text(
        "lastTransitionTime",
        "Judged at",
        "When MetalLB judged last, changed or not.",
        required=True,
        format="date-time",
    ),
    Field(
        name="observedGeneration",
        type="integer",
        format="int64",
        minimum=0,
        label="Generation",
        section="reported",
        description="The generation of the object that was judged.",
    ),
)

CONFIGURATION_STATE = Kind(
    kind="ConfigurationState",
    plural="configurationstates",
    description="Whether one of MetalLB's pods accepts the configuration.",
    versions=(
        Version(
            name="v1beta1",
            fields=(),
            has_spec=False,
            columns=(
                Column("Result", ".status.result"),
                Column("ErrorSummary", ".status.errorSummary"),
                Column("Age", ".metadata.creationTimestamp", "date"),
            ),
            status=(
                _text(
                    "result",
                    "Result",
                    "Invalid: the pod keeps its old configuration.",
                    enum=("Valid", "Invalid", "Unknown"),
                ),
                _text("errorSummary", "Errors", "What is wrong, in MetalLB's words."),
                Field(
                    name="conditions",
                    type="array",
                    label="Conditions",
                    section="reported",
                    description="Each judgement by itself.",
                    list_type="map",
                    list_keys=("type",),
                    items=Field(type="object", description="One judgement.", properties=_CONDITION),
                ),
            ),
        ),
    ),
)
