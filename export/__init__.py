"""Documents to the bytes of files, one module a format."""
