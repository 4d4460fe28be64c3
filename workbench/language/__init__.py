"""In which language the program speaks: English in code, files and terminals, others where a page asks for them."""
