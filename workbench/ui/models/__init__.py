"""The fields that choose models."""
