"""The page: Gradio, drawn from the services and never from what lies below them."""
