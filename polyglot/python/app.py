# SPDX-License-Identifier: Apache-2.0
"""A program that a runtime reaches over its app channel: the unmodified app server of the Dapr SDK for Python, on the port it is given."""

import sys
import threading
import time

from dapr.ext.grpc import App, InvokeMethodRequest, InvokeMethodResponse

app = App()
sick = 0


def answer(text: str) -> InvokeMethodResponse:
    return InvokeMethodResponse(text.encode(), 'text/plain')


@app.method('echo')
def echo(request: InvokeMethodRequest) -> InvokeMethodResponse:
    return InvokeMethodResponse(request.data, request.content_type)


@app.method('headers')
def headers(request: InvokeMethodRequest) -> InvokeMethodResponse:
    sent = {key: values[0] for key, values in request.metadata.items()}
    return answer(' '.join(sent.get(name, '-') for name in ('x-trace', 'dapr-accept', 'traceparent')))


@app.method('fail')
def fail(request: InvokeMethodRequest) -> InvokeMethodResponse:
    raise ValueError('no order 42')


@app.method('slow')
def slow(request: InvokeMethodRequest) -> InvokeMethodResponse:
    time.sleep(0.3)
    return answer('slow')


@app.method('hang')
def hang(request: InvokeMethodRequest) -> InvokeMethodResponse:
    threading.Event().wait()
    return answer('never')


@app.method('sicken')
def sicken(request: InvokeMethodRequest) -> InvokeMethodResponse:
    global sick
    sick = 4
    return answer('sick')


def health() -> None:
    global sick
    if sick > 0:
        sick -= 1
        raise RuntimeError('not well')


app.register_health_check(health)
app.run(int(sys.argv[1]), '127.0.0.1')
