"""Clusters that are added here: what is taken of a kubeconfig, how it is kept, tried, exchanged and given up."""
