"""An edit of one object: made ready, judged, tried, put on top of what others did, and saved. Its pages: `editing`."""
