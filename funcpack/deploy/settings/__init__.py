"""What the user asked for: options, configuration files and the function, read once and checked."""
