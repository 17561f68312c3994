"""The interface to the platform: the files, directories and variables of the Cloud Native Buildpacks specification."""
