"""Which addresses MetalLB's controller gives to a Service: what is asked, what pools have, what is taken."""

from __future__ import annotations

from intent.assignments.outlook import Outlook, Prospect, assigned, outlooks

__all__ = ["Outlook", "Prospect", "assigned", "outlooks"]
