"""What the tests have measured: printed at once, and once more as a table at the end of the session."""

FIGURES: list[tuple[str, str]] = []
"""What, and how much."""


def note(what: str, figure: object) -> None:
    """One figure, for people."""
    FIGURES.append((what, str(figure)))
    print(f"\n  {what:<32} {figure}")
