"""Decrypts an object that the function encrypted: python decrypt.py BUCKET KEY > FILE.

It reads the same settings as the function: AWS_*, and ENCRYPTION_KEY or ENCRYPTION_KEY_FILE.
"""

import argparse
import sys

import storage
from botocore.exceptions import BotoCoreError, ClientError
from cryptography.fernet import InvalidToken
from encryption import fernet
from settings import NotReadyError


def main() -> None:
    """Write the decrypted object to standard output. Print an error in one line and exit with code 1."""
    parser = argparse.ArgumentParser(description="Decrypts an object that the function encrypted.")
    parser.add_argument("bucket")
    parser.add_argument("key")
    arguments = parser.parse_args()
    try:
        sys.stdout.buffer.write(decrypted(arguments.bucket, arguments.key))
    except InvalidToken:
        sys.exit(f"{arguments.key}: not encrypted with any of the keys")
    except (NotReadyError, BotoCoreError, ClientError) as error:
        sys.exit(f"{arguments.key}: {error}")


def decrypted(bucket: str, key: str) -> bytes:
    """Return the decrypted content of an object."""
    token = storage.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return fernet().decrypt(token)


if __name__ == "__main__":
    main()
