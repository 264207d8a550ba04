"""The picture of a fleet: VRF by VRF, nodes down in groups by a label, routers across, sessions where they meet."""
