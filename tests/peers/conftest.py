"""The browsers and the cluster of the pages' tests."""

from __future__ import annotations

from tests.pages.conftest import browser, cluster, editor

__all__ = ["browser", "cluster", "editor"]
