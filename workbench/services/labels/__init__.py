"""Labels of clips: revisions, drafts, splits, and what is suspicious about them."""
