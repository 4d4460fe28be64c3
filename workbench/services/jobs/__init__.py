"""Processes that work beside the page: who lives, who comes up, who is to stop."""
