"""Prints an object that the function encrypted: python decrypt.py BUCKET KEY > FILE.

Settings as the function's: AWS_*, and ENCRYPTION_KEY or ENCRYPTION_KEY_FILE.
"""

import argparse
import sys

import storage
from botocore.exceptions import BotoCoreError, ClientError
from cryptography.fernet import InvalidToken
from encryption import fernet


def main() -> None:
    """Write the decrypted object to the standard output; what goes wrong is one line and exit code 1."""
    parser = argparse.ArgumentParser(description="Prints an object that was encrypted by the function.")
    parser.add_argument("bucket")
    parser.add_argument("key")
    arguments = parser.parse_args()
    try:
        sys.stdout.buffer.write(decrypted(arguments.bucket, arguments.key))
    except InvalidToken:
        sys.exit(f"{arguments.key}: not encrypted with any of the keys given")
    except (storage.NotReadyError, BotoCoreError, ClientError) as error:
        sys.exit(f"{arguments.key}: {error}")


def decrypted(bucket: str, key: str) -> bytes:
    """Return the content that was encrypted."""
    token = storage.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return fernet().decrypt(token)


if __name__ == "__main__":
    main()
