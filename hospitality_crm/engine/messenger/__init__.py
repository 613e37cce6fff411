"""Messengers and gateways: what is sent to them, what their answers and web-hooks mean. Nothing here calls anybody."""

from .provider import KINDS, Incoming, Outcome, Outgoing, Provider, Request, get

__all__ = ["KINDS", "Incoming", "Outcome", "Outgoing", "Provider", "Request", "get"]
