"""``python -m ho_detect`` is ``ho-detect``."""

from ho_detect.cli import main

if __name__ == "__main__":
    main()
