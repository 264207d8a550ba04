"""What happened in the clusters, in the order in which it was seen: sessions beside configuration, nodes and FRR."""
