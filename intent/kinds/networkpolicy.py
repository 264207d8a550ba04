"""NodeNetworkConfigurationPolicy (nmstate.io/v1): how nmstate sets up the network of nodes, VRFs among it."""

from __future__ import annotations

from intent.kinds.field import Field, Kind, Version

NODE_NETWORK_CONFIGURATION_POLICY = Kind(
    kind="NodeNetworkConfigurationPolicy",
    plural="nodenetworkconfigurationpolicies",
    group="nmstate.io",
    scope="Cluster",
    description="What nmstate sets up on the network of nodes; of its state only VRFs, routes and rules are kept here.",
    versions=(
        Version(
            name="v1",
            fields=(
                Field(
                    name="nodeSelector",
                    type="object",
                    label="Nodes",
                    section="placement",
                    description="The nodes with all of these labels. Unset: all nodes.",
                    additional=Field(type="string"),
                ),
                Field(
                    name="desiredState",
                    type="object",
                    label="Desired state",
                    section="session",
                    description="Interfaces of type vrf, routes and route rules, as nmstate writes them.",
                ),
            ),
            status=(
                Field(
                    name="conditions",
                    type="array",
                    label="Conditions",
                    section="reported",
                    description="Available: in force on the nodes. Degraded: it failed on some.",
                    items=Field(type="object"),
                ),
            ),
        ),
    ),
)
