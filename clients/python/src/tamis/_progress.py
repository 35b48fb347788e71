"""Progress of bulk writes and jobs: by tqdm if it is there, or by a function of the caller."""
from __future__ import annotations

from typing import Any, Callable, Optional


def progress_bar(progress: Any, total: Optional[int], label: str) -> Callable[[int, Any], None]:
    """`progress` is False, True (tqdm, or nothing where it is not installed) or a function of (rows, ack so far).
    The result is called with an increment and a state; with None as state at the end."""
    if callable(progress):
        return lambda rows, state: progress(rows, state) if state is not None else None
    if progress:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            return lambda rows, state: None
        bar = tqdm(total=total, desc=label, unit="rows")
        return lambda rows, state: bar.close() if state is None else bar.update(rows) and None
    return lambda rows, state: None
