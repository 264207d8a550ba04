"""PostgreSQL and Redis as installations have them, for the tests."""
