"""The static check: finds the function and its parameters without running it."""
