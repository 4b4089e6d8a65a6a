"""Booking codes: short, read out over a counter, without look-alikes, with a check character.

Seven random characters and a check character from an alphabet of 31: digits and letters without
I, L, O, U and Z, which are read as 1, 1, 0, V and 2. Since 31 is a prime, a weighted sum finds
every single wrong character and every swap of two. 31^7 = 2.7e10 codes (34.7 bits).
"""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXY"
LENGTH = 8
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V", "Z": "2"})


def _check_character(body: str) -> str:
    weighted = sum(weight * ALPHABET.index(c) for weight, c in enumerate(body, start=2))
    return ALPHABET[weighted % len(ALPHABET)]


def new_code() -> str:
    """A new code, unhyphenated. Uniqueness is held by the database."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return body + _check_character(body)


def read_code(typed: str) -> str | None:
    """What was meant by something typed or scanned: the code, or None where it can't be one."""
    code = "".join(typed.upper().split()).replace("-", "").translate(_READ_AS)
    if len(code) != LENGTH or any(c not in ALPHABET for c in code):
        return None
    return code if _check_character(code[:-1]) == code[-1] else None


def show_code(code: str) -> str:
    """As it is printed and read out: HW3P-8MT4."""
    return f"{code[:4]}-{code[4:]}"
