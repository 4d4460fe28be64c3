"""How long work takes on this machine."""
