"""Models that listen: in a process beside the page, or for the command line."""
