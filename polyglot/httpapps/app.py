# SPDX-License-Identifier: Apache-2.0
"""A program with the FastAPI app server of Dapr's Python SDK: what HttpApps calls."""

import asyncio
import os

import uvicorn
from dapr.ext.fastapi import DaprApp
from fastapi import FastAPI, Request, Response

app = FastAPI()
DaprApp(app)


@app.post('/echo')
async def echo(request: Request) -> Response:
    return Response(await request.body(), media_type=request.headers.get('content-type'))


@app.post('/fail')
async def fail() -> Response:
    return Response('no order 42', status_code=500)


@app.post('/hang')
async def hang() -> None:
    await asyncio.sleep(3600)


@app.get('/healthz')
async def healthz() -> Response:
    return Response(status_code=204)


uvicorn.run(app, host='127.0.0.1', port=int(os.environ['APP_PORT']))
