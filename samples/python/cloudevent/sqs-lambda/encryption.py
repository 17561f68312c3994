"""The key of the encryption: https://cryptography.io/en/latest/fernet/."""

import os
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet
from storage import NotReadyError


def fernet() -> MultiFernet:
    """Return what encrypts with the first key and decrypts with any of them, so that keys can be changed.

    The keys, with white space between them, are in ENCRYPTION_KEY or in the file that ENCRYPTION_KEY_FILE names. The
    file is read every time: a mounted Secret that changes is taken up without a restart.

    Raises:
        NotReadyError: if there is no key. None is made up: what it encrypts could never be read again.

    """
    keys = _keys().split()
    if not keys:
        raise NotReadyError("no encryption key: set ENCRYPTION_KEY, or ENCRYPTION_KEY_FILE to a file that holds it")
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:  # it does not say which key, and neither do we
        raise NotReadyError("the encryption key is not 32 bytes in URL-safe base64, as Fernet's are") from error


def _keys() -> str:
    file = os.environ.get("ENCRYPTION_KEY_FILE")
    if not file:
        return os.environ.get("ENCRYPTION_KEY", "")
    try:
        return Path(file).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise NotReadyError(f"ENCRYPTION_KEY_FILE cannot be read: {error}") from error
