"""The kinds of MetalLB objects that bgpui knows, by name.

To add a kind: a module beside bgppeer.py, a row here, its rules in intent/rules. To add a field: a Field in its module.
"""

from __future__ import annotations

from intent.kinds.bfdprofile import BFD_PROFILE
from intent.kinds.bgppeer import BGP_PEER
from intent.kinds.field import Column as Column
from intent.kinds.field import Field as Field
from intent.kinds.field import Kind as Kind
from intent.kinds.field import Version as Version

KINDS: dict[str, Kind] = {kind.kind: kind for kind in (BGP_PEER, BFD_PROFILE)}
