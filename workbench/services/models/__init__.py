"""Base models: what is at hand, what can be had, how well each hears a set."""
