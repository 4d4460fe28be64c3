"""How the project's own model and sample clips are made; nothing in the package `workbench` imports this."""
