"""OpenTelemetry traces and metrics, imported only if they are enabled."""
