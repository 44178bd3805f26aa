"""How much may be sent: a bucket of tokens, full at first, that fills up over a minute."""

_MINUTE = 60.0


class Bucket:
    """`per_minute` tokens at most; times are in seconds of one clock."""

    def __init__(self, per_minute: int, now: float) -> None:
        self._most = float(per_minute)
        self._tokens = self._most
        self._at = now

    def wait(self, now: float) -> float:
        """Return the seconds until there is a token, 0 where there is one."""
        self._fill(now)
        return max(0.0, (1.0 - self._tokens) * _MINUTE / self._most)

    def take(self, now: float) -> None:
        """Take a token, whether there is one or not."""
        self._fill(now)
        self._tokens -= 1.0

    def _fill(self, now: float) -> None:
        self._tokens = min(self._most, self._tokens + (now - self._at) * self._most / _MINUTE)
        self._at = now
