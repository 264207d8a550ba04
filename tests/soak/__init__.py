"""`make soak`: the running product beside a lab in which one thing after another breaks, at random, by a seed."""
