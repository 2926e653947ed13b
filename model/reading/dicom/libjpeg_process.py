"""Decode one JPEG frame from standard input to standard output: the script of a separate process.

It imports nothing of this package, so that it starts quickly.
"""

import contextlib
import sys

_CPU_S = 120


def main() -> None:
    """Read the frame, decodes it within the bytes of memory that the first argument grants, writes the samples."""
    # Windows has no such limits; there only the caller's deadline holds.
    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from libjpeg.utils import decode_pixel_data

    sys.stdout.buffer.write(bytes(decode_pixel_data(sys.stdin.buffer.read(), version=2)))


if __name__ == "__main__":
    main()
