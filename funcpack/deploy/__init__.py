"""Deploys functions to Kubernetes, Knative and Google Cloud."""

from funcpack.deploy.deployment import Deployment

__all__ = ["Deployment"]
