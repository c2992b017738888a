"""A campaign of faults against the real site, with exact books of what was promised and what was seen."""
