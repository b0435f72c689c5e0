"""What each function does, one module each, of the function's own name."""
