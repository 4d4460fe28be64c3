"""What a clip set holds: counted, chosen from, and what of it is missing."""
