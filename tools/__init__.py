"""What checks this code, beside what comes with Python."""
