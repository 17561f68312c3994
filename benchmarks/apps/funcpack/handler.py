import boto3
from cryptography.fernet import Fernet


def handler(req):
    return f"Hello World! {boto3.__version__} {len(Fernet.generate_key())}"
