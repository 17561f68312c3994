import boto3
from cryptography.fernet import Fernet
from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello():
    return f"Hello World! {boto3.__version__} {len(Fernet.generate_key())}"
