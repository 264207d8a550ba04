"""Pages about BGPPeers: the list, and everything that changes one."""
