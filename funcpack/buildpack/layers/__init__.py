"""One module a layer of the image."""
