"""Models on offer: found, judged by their files, loaded."""
