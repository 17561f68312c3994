"""The rules of ignore files, and the names that developers' tools leave in a project."""
