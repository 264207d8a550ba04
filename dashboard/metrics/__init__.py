"""What Prometheus is told: read from the rows when it asks, in a fixed number of queries."""
