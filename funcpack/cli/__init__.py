"""The command line tool: `main` finds the command, and each command has a module of its name."""
