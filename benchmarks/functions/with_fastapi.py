"""The same with FastAPI; `uvicorn with_fastapi:NAME` serves one."""

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

hello = FastAPI()
json_echo = FastAPI()


@hello.get("/", response_class=PlainTextResponse)
def answer_hello():
    return "Hello World!"


@json_echo.post("/")
def answer_json(order: dict):
    return {"order": order["order"], "items": len(order["items"]), "customer": order["customer"]}
