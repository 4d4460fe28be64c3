"""What is computed and nothing else: no torch, no files, no page."""
