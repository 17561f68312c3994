import pydantic
import requests


def handler(req):
    return f"Hello World! {pydantic.VERSION} {requests.__version__}"
