"""novamodel: from a backend's own configuration files to a sized, priced answer."""

__version__ = "0.1.0"
