"""The script of the process that decodes one JPEG frame from standard input to standard output.

It imports nothing of this package, so that it starts quickly.
"""

import contextlib
import sys

_CPU_S = 120


def main() -> None:
    """Decode the frame; the first argument is the limit on memory in bytes."""
    # Windows has no such limit; there only the caller's deadline applies.
    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from libjpeg.utils import decode_pixel_data

    sys.stdout.buffer.write(bytes(decode_pixel_data(sys.stdin.buffer.read(), version=2)))


if __name__ == "__main__":
    main()
