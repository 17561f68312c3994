"""The Cloud Native Buildpack `funcpack/python`: standard library only, so that it runs in any build image with Python 3.11."""
