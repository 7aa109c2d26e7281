"""What can go wrong when a consent is stored; facts are ids and states, never a person."""


class ConsentUnknown(Exception):
    """No consent or representation by that id."""

    def __init__(self, record_id: str) -> None:
        super().__init__("no such record")
        self.record_id = record_id


class MoveRefused(Exception):
    """The record is in a state that this event may not follow."""

    def __init__(self, record_id: str, state: str | None, wanted: str) -> None:
        super().__init__(f"{wanted} may not follow {state}")
        self.record_id = record_id
        self.state = state
        self.wanted = wanted


class TermsRefused(Exception):
    """The database refused the terms; *rule* is the constraint's name."""

    def __init__(self, rule: str | None) -> None:
        super().__init__(f"refused by {rule}")
        self.rule = rule
