"""The files and directories that the Cloud Native Buildpacks specification defines."""
