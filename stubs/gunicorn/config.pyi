class Config:
    loglevel: str
    forwarded_allow_ips: list[str]

    def set(self, name: str, value: object) -> None: ...
