"""What comes with a write beside its object."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """Query parameters of a write, and the warnings that its answer will carry."""

    manager: str = "unknown"
    tracks: bool = True
    """Keep managedFields; the lab's own writes may go without."""
    dry_run: bool = False
    force: bool = False
    validation: str = "Warn"
    """fieldValidation: Strict, Warn or Ignore."""
    subresource: str = ""
    admits: bool = False
    """Ask the admission hook; the lab's own writes go past it."""
    warnings: list[str] = field(default_factory=list)
