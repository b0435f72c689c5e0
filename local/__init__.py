"""Development only: the whole application on one machine, without AWS, Docker or credentials."""
