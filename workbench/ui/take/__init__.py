"""What a comparison ends with: Try it by voice, Take the model, Send the report."""
