"""A noun in the forms that a number asks for."""

from collections.abc import Callable


def _one_or_many(n: int) -> int:
    return 0 if n == 1 else 1


class Forms(tuple[str, ...]):
    """The forms of a noun, by the plural rule of its language.

    Args:
        forms: In English one and many; many is one with an s where it is left out.
        form: Which form a number takes.
    """

    form: Callable[[int], int]

    def __new__(cls, *forms: str, form: Callable[[int], int] = _one_or_many) -> "Forms":
        made = super().__new__(cls, forms if len(forms) > 1 else (forms[0], f"{forms[0]}s"))
        made.form = form
        return made

    def of(self, n: int) -> str:
        """The form for a number."""
        return self[min(self.form(n), len(self) - 1)]
