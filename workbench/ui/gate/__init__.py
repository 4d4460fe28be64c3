"""The gate in front of the page: who may ask, what may be asked, and how much of it at once.

Gradio judges paths only where its own `launch` has been called, never looks at the Host header, answers every origin
and takes any number of streams. So nothing reaches it that was not judged here before: see docs/security.md.
"""
