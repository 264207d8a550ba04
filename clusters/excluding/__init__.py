"""Nodes that are excluded from load balancing before they are drained, and taken back after it."""
