"""The user's function: its parameters, how it is loaded, and how it is called."""
