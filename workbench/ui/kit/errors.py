"""The page's boundary: what goes wrong in a handler becomes one escaped sentence, never a stack trace."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import gradio as gr

from workbench.disk import is_full, is_held
from workbench.errors import WorkbenchError
from workbench.ui import text
from workbench.ui.kit.html import esc
from workbench.ui.kit.worded import worded

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)


def shown(handler: Callable[P, T]) -> Callable[P, T]:
    """Let a handler's errors appear as a notice; what follows by `.success` does not happen then."""

    @wraps(handler)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            answer: T = worded(handler(*args, **kwargs))
            return answer
        except gr.Error:
            raise
        except WorkbenchError as e:
            raise notice(str(e)) from e
        except Exception as e:
            log.exception("%s failed", handler.__qualname__)
            raise notice(sentence_of(e)) from e

    return guarded


def sentence_of(error: Exception) -> str:
    """What is told of an error, whatever it is; an unexpected one's own words stay in the log."""
    if isinstance(error, WorkbenchError):
        return str(error)
    if is_full(error):
        return text.DISK_FULL
    return text.BUSY if is_held(error) else text.UNEXPECTED


def quiet(outputs: int) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """For what the page does by itself, such as a timer: an error changes nothing and is only logged.

    Args:
        outputs: How many components the handler answers for.
    """

    def decorate(handler: Callable[P, Any]) -> Callable[P, Any]:
        @wraps(handler)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
            try:
                return worded(handler(*args, **kwargs))
            except WorkbenchError as e:
                log.info("%s: %s", handler.__qualname__, e)
            except Exception:
                log.exception("%s failed", handler.__qualname__)
            return gr.skip() if outputs == 1 else [gr.skip()] * outputs

        return guarded

    return decorate


def notice(sentence: str) -> gr.Error:
    """A notice that stays for 12 s; toasts render HTML, so the sentence is escaped."""
    return gr.Error(esc(sentence), title=text.NOT_DONE, duration=12, print_exception=False)


def say(sentence: str) -> None:
    """A short message of success."""
    gr.Info(esc(sentence), title=text.DONE, duration=5)


def note(sentence: str) -> None:
    """Something to know, where nothing was done and nothing went wrong."""
    gr.Info(esc(sentence), title=text.NOTE, duration=8)


def warn(sentence: str) -> None:
    """Something that deserves a look, though it was done."""
    gr.Warning(esc(sentence), title=text.NOTE, duration=12)
