"""The same with Starlette alone; `uvicorn with_starlette:NAME` serves one."""

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route


def application(endpoint):
    return Starlette(routes=[Route("/", endpoint, methods=["GET", "POST"])])


@application
def hello(request):
    return PlainTextResponse("Hello World!")


@application
async def hello_async(request):
    return PlainTextResponse("Hello World!")


@application
async def json_echo(request):
    order = await request.json()
    return JSONResponse({"order": order["order"], "items": len(order["items"]), "customer": order["customer"]})
