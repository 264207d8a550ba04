"""Which prefix a node announces to which peer, and why it does not: MetalLB's speaker as a function of a snapshot."""

from __future__ import annotations

from intent.announcements.announcement import Announcement, ServiceRef
from intent.announcements.cluster import Announcements, announced_on
from intent.announcements.verdicts import Reason, Verdict

__all__ = ["Announcement", "Announcements", "Reason", "ServiceRef", "Verdict", "announced_on"]
