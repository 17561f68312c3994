"""Requests to a function: made from options, from sample events or from files, sent, and compared with earlier answers."""
