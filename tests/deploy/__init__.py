"""The manifests in deploy/: what they grant, what they run, and that they are what they say."""
