"""A pinned baseline of a cluster: set, looked at, and what differs from it put back."""
