"""What leaves the workspace: models, datasets, transcripts."""
