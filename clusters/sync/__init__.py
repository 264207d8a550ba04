"""Rows to the cluster and back: the outbox, ownership of fields, apply, re-list."""
