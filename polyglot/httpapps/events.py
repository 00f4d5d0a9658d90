# SPDX-License-Identifier: Apache-2.0
"""Has events with a runtime through the unmodified Dapr SDK for Python: its FastAPI app server ("app") or a stream ("stream")."""

import json
import os
import sys
import threading

from dapr.clients import DaprClient
from dapr.clients.grpc._response import TopicEventResponse

client = DaprClient()
retried = set()


def handle(order: dict) -> str:
    """Publishes what it is given; the outcome in Dapr's words."""
    what = order.pop('do', '')
    if what == 'text':
        client.publish_event('pubsub', 'texts', 'grüße', data_content_type='text/plain')
    elif what == 'bulk':
        parts = [json.dumps({'n': order['n'], 'part': part}) for part in (1, 2)]
        client.publish_events('pubsub', 'seen', parts, data_content_type='application/json')
    else:
        client.publish_event('pubsub', 'seen', json.dumps(order), data_content_type='application/json')
    if what == 'drop':
        return 'DROP'
    if what == 'retry' and order['n'] not in retried:
        retried.add(order['n'])
        return 'RETRY'
    return 'SUCCESS'


def app() -> None:
    import uvicorn
    from dapr.ext.fastapi import DaprApp
    from fastapi import Body, FastAPI

    fast = FastAPI()
    dapr = DaprApp(fast)

    @dapr.subscribe(pubsub='pubsub', topic='orders', route='/orders')
    def orders(event: dict = Body()) -> dict:
        return {'status': handle(event['data'])}

    uvicorn.run(fast, host='127.0.0.1', port=int(os.environ['APP_PORT']))


def stream() -> None:
    def event(message) -> TopicEventResponse:
        return TopicEventResponse(handle(message.data()).lower())

    client.subscribe_with_handler('pubsub', 'orders', event)
    threading.Event().wait()


{'app': app, 'stream': stream}[sys.argv[1]]()
