"""Deploys functions to Kubernetes, Knative and Google Cloud."""
