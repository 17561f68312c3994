"""Reads the encryption keys: https://cryptography.io/en/latest/fernet/."""

import os
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet
from settings import NotReadyError


def fernet() -> MultiFernet:
    """Return a cipher that encrypts with the first key and decrypts with any of them, so that you can rotate keys.

    The keys are separated by whitespace, in ENCRYPTION_KEY or in the file that ENCRYPTION_KEY_FILE names. The file is
    read every time, so that a change of a mounted Secret takes effect without a restart.

    Raises:
        NotReadyError: if there is no key. This never generates one, because nobody could decrypt the objects later.

    """
    keys = _keys().split()
    if not keys:
        raise NotReadyError(
            "no encryption key: set ENCRYPTION_KEY, or set ENCRYPTION_KEY_FILE to a file that contains it"
        )
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:  # the message must not show the key
        raise NotReadyError("the encryption key is not 32 bytes in URL-safe base64, as Fernet requires") from error


def _keys() -> str:
    file = os.environ.get("ENCRYPTION_KEY_FILE")
    if not file:
        return os.environ.get("ENCRYPTION_KEY", "")
    try:
        return Path(file).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise NotReadyError(f"ENCRYPTION_KEY_FILE cannot be read: {type(error).__name__}") from error
