"""What the subjects of the official account have in common."""

from wechat.account import Account


class Subject:
    """Some APIs of one official account. Every method raises the errors of ``wechat.account.Account``."""

    def __init__(self, account: Account) -> None:
        self._account = account
