"""What the user asked for, read once from the app directory and the environment."""
