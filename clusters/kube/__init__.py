"""The door to the Kubernetes API: requests, exec, discovery, permissions. No Django here."""
