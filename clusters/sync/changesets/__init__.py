"""Change sets to the cluster: in order, one claim for all, taken back if one object is refused."""
