"""Speakers: what runs in the FRR containers of a lab cluster, simulated here, real FRR in lab.frr."""
