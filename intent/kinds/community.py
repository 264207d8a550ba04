"""Community (metallb.io/v1beta1): names for BGP communities, for use in advertisements."""

from __future__ import annotations

from intent.kinds.field import Field, Kind, Version

_ALIAS = (
    Field(
        name="name",
        type="string",
        label="Alias",
        section="communities",
        description="The name that advertisements use; unique among the aliases of all Community objects.",
    ),
    Field(
        name="value",
        type="string",
        label="Value",
        section="communities",
        description="65535:65282, or large:64500:1:2 for a large community.",
    ),
)

COMMUNITY = Kind(
    kind="Community",
    plural="communities",
    description="Names for BGP communities.",
    versions=(
        Version(
            name="v1beta1",
            fields=(
                Field(
                    name="communities",
                    type="array",
                    label="Aliases",
                    section="communities",
                    description="Names and the communities that they stand for.",
                    items=Field(type="object", description="One name for one community.", properties=_ALIAS),
                ),
            ),
        ),
    ),
)
