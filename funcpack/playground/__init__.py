"""The page of `funcpack run`: a form for requests and events, their history, and the logs."""
