"""`python -m evidence` is the same as the command `evidence`."""

from evidence.cli import main

if __name__ == "__main__":
    main()
