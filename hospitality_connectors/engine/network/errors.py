"""What can go wrong between an adapter and its vendor, told by what is to be done about it."""


class NetworkError(Exception):
    """Base of all of them. The text is for people and holds no personal data and no secret.

    :ivar code: stable reason
    """

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message


class Later(NetworkError):
    """Not now: a limit, a pause that the vendor has asked for, or an open circuit breaker. Nothing is wrong with us.

    :ivar seconds: how long to wait
    """

    def __init__(self, seconds, code="limit", message=""):
        super().__init__(code, message or f"to be tried again in {seconds:.0f} s")
        self.seconds = seconds


class Failed(NetworkError):
    """The vendor could not be reached, or failed. Trying again later may help.

    :ivar arrived: whether he may have done what he was asked for: False no, None nobody knows
    :ivar seconds: how long he wants us to wait, None where he doesn't say
    """

    def __init__(self, code, message, arrived=None, seconds=None):
        super().__init__(code, message)
        self.arrived = arrived
        self.seconds = seconds


class Denied(NetworkError):
    """The vendor doesn't let us in: a person has to see to credentials, rights or settings first."""


class Declined(NetworkError):
    """The vendor refuses this request; the same one will be refused again.

    :ivar status: of the answer
    """

    def __init__(self, status, message):
        super().__init__(f"status_{status}", message)
        self.status = status


class Strange(NetworkError):
    """The answer is not what the vendor's description says."""

    def __init__(self, message):
        super().__init__("strange", message)
