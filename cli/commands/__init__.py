"""One module for commands that belong together: what they take, and what they do."""
