"""Services of type LoadBalancer: what they got of the pools, and who announces it. Read-only."""
