"""The server of `funcpack run`: a proxy in front of a function that is started again when a file changes."""
