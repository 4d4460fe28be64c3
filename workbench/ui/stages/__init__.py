"""The stages of the page, of which one is shown, and its address."""
