"""What FRR counts, kept as compact series: a point in five minutes, a row a node and day."""
