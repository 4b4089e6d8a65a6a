"""`make reset`: throw `var/` away, with the data that `make run` and the tests have made."""

import shutil
import sys

from ektp_booking import embedded


def main() -> int:
    var = embedded.var_dir()
    embedded.wait_until_stopped()
    for lock in (var / "run.lock", var / "users.lock", var / "test" / "users.lock"):
        if embedded.is_locked(lock):
            print(f"{lock.parent} is in use; end what runs there first (Ctrl-C).", file=sys.stderr)
            return 1
    if var.exists():
        shutil.rmtree(var)
    print(f"{var} is gone; make run begins anew.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
