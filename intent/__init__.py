"""What MetalLB should do, in plain Python: no Django, no I/O, nothing of ours imported.

A Snapshot is the frozen picture of a cluster (objects, nodes, facts about Secrets). From it come

- kinds: what a BGPPeer or BFDProfile is made of; CRDs, models, forms and serializers are derived from it,
- rules: findings, each an error, documented or a warning, for one object or for objects that clash,
- sessions: the BGP sessions that each node should run,
- render: the frr.conf that MetalLB would write for a node.
"""

from __future__ import annotations
