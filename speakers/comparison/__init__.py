"""What is intended held against what FRR runs and tells its neighbors: settings, prefixes, attributes, and causes."""
