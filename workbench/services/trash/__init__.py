"""What was deleted: the bin, erasing for good, and sounds that belong to no clip."""
