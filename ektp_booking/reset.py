"""`make reset`: throw `var/` away, with the data that `make run` and the tests have made."""

import shutil
import sys

from ektp_booking import embedded


def main() -> int:
    var = embedded.var_dir()
    for folder in (var, var / "test"):
        if embedded.is_locked(folder / "users.lock"):
            print(f"{folder} is in use; end what runs there first (Ctrl-C).", file=sys.stderr)
            return 1
    embedded.wait_until_stopped()
    if var.exists():
        shutil.rmtree(var)
    print(f"{var} is gone; make run begins anew.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
