"""What others may want to know of change sets; rooms above connect to it."""

from __future__ import annotations

from django.dispatch import Signal

changeset_applied = Signal()  # change_set: it is in force; sent by the worker that settled it, which may do so twice
