"""The way of a new user with compose, where no container engine runs: the image's steps and the services by hand."""
