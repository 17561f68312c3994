"""The source of a function as an archive that a platform builds."""
