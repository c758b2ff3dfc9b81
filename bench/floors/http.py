"""One route, one answer."""

from sanic import HTTPResponse, Request

from bench.floors.on_sanic import bare_app, serve

app = bare_app()


@app.get("/health/live")
async def read_live(request: Request) -> HTTPResponse:
    """The process answers."""
    del request
    return HTTPResponse('{"status":"ok"}', content_type="application/json")


if __name__ == "__main__":
    serve(app)
