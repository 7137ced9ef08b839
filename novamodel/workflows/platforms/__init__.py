"""The same traffic on other platforms of AWS, each sized for its objectives before it is priced."""

from novamodel.workflows.platforms.compare import ARM_SPEED, KINDS, PlatformRow, platforms

__all__ = ["ARM_SPEED", "KINDS", "PlatformRow", "platforms"]
