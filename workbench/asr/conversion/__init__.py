"""Other engines' model files, read and written again as safetensors folders that everything here understands."""
