"""The buildpack: the phases `detect` and `build`, and `prepare` for builders. Standard library only."""
