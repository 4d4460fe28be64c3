"""Weights judged before they are used; read without building a model."""
