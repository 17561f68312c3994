"""OpenTelemetry traces, metrics and logs, imported only if they are enabled."""
