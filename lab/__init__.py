"""A cluster on a laptop, for the demo and the tests; stands on `intent` alone."""
