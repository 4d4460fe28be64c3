"""The workspace's files, as far as several rooms read and write them."""
