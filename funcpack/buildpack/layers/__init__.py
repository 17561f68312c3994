"""The layers of the image, one module each, and the installation that fills the layers with the function's packages."""
