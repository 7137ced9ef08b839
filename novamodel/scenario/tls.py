"""TLS at the edge: what the handshakes of new connections cost its workers."""

from __future__ import annotations

from typing import Literal

from novamodel.scenario.fields import Part, Share, given

HANDSHAKE_S = {"rsa-2048": (436e-6, 210e-6), "ecdsa-p256": (251e-6, 209e-6)}
"""Worker CPU (s) of a full and of a resumed handshake by certificate, on the reference core.

Measured: nginx 1.22, TLS 1.3, AES-256-GCM, on NovaBank's test stack.
"""


class Tls(Part):
    """Handshakes as CPU of the edge's workers."""

    simplified = "handshakes cost CPU only; no round trips, no session cache, callers are all alike"

    certificate: Literal["rsa-2048", "ecdsa-p256"] = given("rsa-2048", "kind of the server's key", "assumed")
    resumed: Share = given("50 %", "share of new connections that resume a session", "assumed")

    @property
    def full_s(self) -> float:
        """CPU (s) of a full handshake on the reference core."""
        return HANDSHAKE_S[self.certificate][0]

    @property
    def resumed_s(self) -> float:
        """CPU (s) of a resumed handshake on the reference core."""
        return HANDSHAKE_S[self.certificate][1]

    @property
    def handshake_s(self) -> float:
        """Mean CPU (s) of the handshake of a new connection on the reference core."""
        return self.resumed * self.resumed_s + (1.0 - self.resumed) * self.full_s
