"""Rung 2 of the lab: real FRR on nodes and routers, each in network namespaces of its own."""
