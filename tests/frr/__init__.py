"""Tests on real FRR in network namespaces; skipped, with the command that provides it, where there is none."""
