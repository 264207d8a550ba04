"""The watcher: follows the event streams of all clusters in one process, each cluster by itself."""
