"""LabelSelector fields, the same in every kind that chooses nodes, pools, services or namespaces."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from intent.kinds.field import Field

_KEY = Field(name="key", type="string", required=True, label="Label", description="The label that is looked at.")
_OPERATOR = Field(
    name="operator",
    type="string",
    required=True,
    label="Operator",
    description="In, NotIn, Exists or DoesNotExist. NotIn also holds where the label is missing.",
)
_MATCH_LABELS = Field(
    name="matchLabels",
    type="object",
    label="Labels",
    description="Labels that must all be present with exactly these values.",
    additional=Field(type="string"),
)

SELECTOR = Field(
    type="object",
    description="Chooses by labels: every label and every expression must hold. An empty selector chooses all.",
    map_type="atomic",
    properties=(
        Field(
            name="matchExpressions",
            type="array",
            label="Expressions",
            description="Conditions on labels that must all hold.",
            list_type="atomic",
            items=Field(
                type="object",
                description="One condition on one label.",
                properties=(
                    _KEY,
                    _OPERATOR,
                    Field(
                        name="values",
                        type="array",
                        label="Values",
                        description="At least one value for In and NotIn, none for Exists and DoesNotExist.",
                        list_type="atomic",
                        items=Field(type="string"),
                    ),
                ),
            ),
        ),
        _MATCH_LABELS,
    ),
)

# BGPPeer v1beta1 has a type of its own: values are required everywhere, even for Exists.
LEGACY_SELECTOR = Field(
    type="object",
    properties=(
        Field(
            name="matchExpressions",
            type="array",
            items=Field(
                type="object",
                properties=(
                    _KEY,
                    _OPERATOR,
                    Field(name="values", type="array", required=True, min_items=1, items=Field(type="string")),
                ),
            ),
        ),
        _MATCH_LABELS,
    ),
)


def selector(**rest: Any) -> Field:
    """One LabelSelector."""
    return replace(SELECTOR, **rest)


def selectors(**rest: Any) -> Field:
    """A list of LabelSelectors, OR-ed."""
    return Field(type="array", items=SELECTOR, **rest)
