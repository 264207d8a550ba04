"""Views that change BGPPeers."""
