"""Commands for those who work on novamodel; nothing here is part of the package."""
