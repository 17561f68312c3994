"""What the user asked for: everything in the app directory and the environment that a build reads before it starts."""
