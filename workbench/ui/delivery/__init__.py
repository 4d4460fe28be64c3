"""What a browser is sent when it opens the page: few files, small ones, each once."""
