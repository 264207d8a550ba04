"""Notices on their way: what there is to say, to whom, and sending it until it is there."""
