"""Identifiers become tokens: one child, one token in every table, and no way back without the key."""

from __future__ import annotations

import hmac

import pandas as pd

TOKEN_LENGTH = 16


def pseudonymise(values: pd.Series, key: bytes, kind: str) -> pd.Series:
    """`values` as tokens of sixteen hexadecimal digits: HMAC-SHA256 under `key`. Missing stays missing.

    `kind` ("child", "upn", …) keeps equal texts of different kinds apart. Case and blanks around a value do not count.
    """
    codes, unique = pd.factorize(values, use_na_sentinel=True)
    tokens = [token(value, key, kind) for value in unique]
    return pd.Series(pd.array([*tokens, None], dtype="str").take(codes), index=values.index, name=values.name)


def token(value: str, key: bytes, kind: str) -> str:
    """One identifier as its token."""
    message = f"{kind}:{str(value).strip().upper()}".encode()
    return hmac.digest(key, message, "sha256").hex()[:TOKEN_LENGTH]
