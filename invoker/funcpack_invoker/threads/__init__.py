"""The threads that blocking calls run on, and the context variables of each call."""
