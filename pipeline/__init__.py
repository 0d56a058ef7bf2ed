"""Order, state and the user: the only package that knows of runs."""
