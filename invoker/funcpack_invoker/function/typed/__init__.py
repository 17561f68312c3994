"""Typed data: creates instances of annotated types from JSON data.

`reader` chooses, once, how a type is read; `values`, `containers`, `records` and `models` read. Clients choose the data:
`attempts`, `collisions` and `ambiguity` keep the work in proportion to its size.
"""
