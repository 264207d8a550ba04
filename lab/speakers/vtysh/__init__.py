"""vtysh as it answers in an FRR container: the same words, keys, types and order as the recorded samples."""
