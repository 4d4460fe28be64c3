"""Components, escaping, errors and colours that all sections share."""
