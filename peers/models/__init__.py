"""Rows that mirror MetalLB's peer resources."""

from __future__ import annotations

from peers.models.bfdprofile import BFDProfile
from peers.models.bgppeer import BGPPeer

__all__ = ["BFDProfile", "BGPPeer"]
