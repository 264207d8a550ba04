"""What a log does not need."""

from __future__ import annotations

import logging

from django.core.exceptions import PermissionDenied


class RefusalFilter(logging.Filter):
    """A refused request is one line: where the code refused it helps nobody."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep it, without the traceback of a PermissionDenied."""
        if record.exc_info and isinstance(record.exc_info[1], PermissionDenied):
            record.exc_info = None
        return True
