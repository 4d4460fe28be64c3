"""The overview of a set: figures, what is missing, and pictures whose parts lead to their clips."""
