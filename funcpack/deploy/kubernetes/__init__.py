"""Kubernetes and Knative."""
