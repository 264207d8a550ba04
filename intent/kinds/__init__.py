"""The kinds of MetalLB objects that bgpui knows, by name.

KINDS are what people configure; STATUS_KINDS are what MetalLB and frr-k8s write or report, to be read only. READ_KINDS
are these and what others configure and sessions depend on.

To add a kind: a module beside bgppeer.py, a row here, its rules in intent/rules. To add a field: a Field in its module.
"""

from __future__ import annotations

from intent.kinds.bfdprofile import BFD_PROFILE
from intent.kinds.bgpadvertisement import BGP_ADVERTISEMENT
from intent.kinds.bgppeer import BGP_PEER
from intent.kinds.community import COMMUNITY
from intent.kinds.configurationstate import CONFIGURATION_STATE
from intent.kinds.field import Column as Column
from intent.kinds.field import Field as Field
from intent.kinds.field import Kind as Kind
from intent.kinds.field import Section as Section
from intent.kinds.field import Version as Version
from intent.kinds.frrconfiguration import FRR_CONFIGURATION
from intent.kinds.frrstatus import BGP_SESSION_STATE, FRR_K8S_CONFIGURATION, FRR_NODE_STATE
from intent.kinds.ipaddresspool import IP_ADDRESS_POOL
from intent.kinds.l2advertisement import L2_ADVERTISEMENT
from intent.kinds.networkpolicy import NODE_NETWORK_CONFIGURATION_POLICY
from intent.kinds.servicestatus import SERVICE_BGP_STATUS, SERVICE_L2_STATUS

KINDS: dict[str, Kind] = {
    kind.kind: kind for kind in (BGP_PEER, BFD_PROFILE, IP_ADDRESS_POOL, BGP_ADVERTISEMENT, L2_ADVERTISEMENT, COMMUNITY)
}
STATUS_KINDS: dict[str, Kind] = {
    kind.kind: kind
    for kind in (
        SERVICE_BGP_STATUS,
        SERVICE_L2_STATUS,
        CONFIGURATION_STATE,
        FRR_CONFIGURATION,
        FRR_NODE_STATE,
        BGP_SESSION_STATE,
        FRR_K8S_CONFIGURATION,
    )
}
READ_KINDS = {**STATUS_KINDS, NODE_NETWORK_CONFIGURATION_POLICY.kind: NODE_NETWORK_CONFIGURATION_POLICY}
