"""What finished runs say: comparison, history, report, scores."""
