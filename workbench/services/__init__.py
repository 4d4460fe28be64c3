"""The use cases: the page and the command line call these and nothing below."""
