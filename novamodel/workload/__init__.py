"""Random draws, laws and arrivals: what the world asks of the system."""
