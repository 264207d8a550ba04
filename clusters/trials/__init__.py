"""Changes on trial: applied, watched, and reverted unless somebody confirms them in time."""
