# SPDX-License-Identifier: Apache-2.0
"""Calls other apps through a facade by the unmodified client of the Dapr SDK for Python, over gRPC: those that INVOKE_TARGETS names, as InvocationPeers
says. The last line is "N passed, N failed"."""

import json
import os

import grpc
from dapr.clients import DaprClient
from google.protobuf.wrappers_pb2 import StringValue

Code = grpc.StatusCode
passed = failed = 0


def check(name, body, *arguments) -> None:
    global passed, failed
    try:
        body(*arguments)
        passed += 1
    except Exception as e:  # noqa: BLE001 all that goes wrong is told
        failed += 1
        print(f'failed: {name}: {type(e).__name__} {e}')


def echo(client: DaprClient, app_id: str) -> None:
    sent = {'n': 1, 'text': 'grüße'}
    answer = json.loads(
        client.invoke_method(app_id, 'echo', json.dumps(sent), content_type='application/json', http_verb='POST').data
    )
    # One SDK's handlers answer with JSON alone: the body is text to it.
    answer = json.loads(answer) if isinstance(answer, str) else answer
    assert answer == sent, answer


def failing(call, code, text: str) -> None:
    try:
        call()
    except grpc.RpcError as e:
        assert code is None or e.code() == code, f'{e.code()} {e.details()}'
        assert text in e.details(), e.details()
        return
    raise AssertionError('it did not fail')


def fails(client: DaprClient, app_id: str, method: str, code, text: str) -> None:
    failing(lambda: client.invoke_method(app_id, method, '', http_verb='POST'), code, text)


def proxied(shop: str) -> None:
    wire = {'request_serializer': StringValue.SerializeToString, 'response_deserializer': StringValue.FromString}
    headers = (('dapr-app-id', shop), ('k', 'v'))
    with grpc.insecure_channel(f'127.0.0.1:{os.environ["DAPR_GRPC_PORT"]}') as channel:
        get = channel.unary_unary('/polyglot.v1.Shop/Get', **wire)
        items = channel.unary_stream('/polyglot.v1.Shop/List', **wire)
        talk = channel.stream_stream('/polyglot.v1.Shop/Talk', **wire)

        def unary() -> None:
            answer, call = get.with_call(StringValue(value='7'), metadata=headers)
            assert answer.value == 'order 7 k=v', answer
            assert ('shop-header', 'h1') in call.initial_metadata(), call.initial_metadata()
            assert ('shop-trailer', 't1') in call.trailing_metadata(), call.trailing_metadata()

        def stream() -> None:
            got = [one.value for one in items(StringValue(value='7'), metadata=headers)]
            assert got == ['7/0', '7/1', '7/2'], got

        def conversation() -> None:
            said = [StringValue(value=f'word {i}') for i in range(3)]
            got = [one.value for one in talk(iter(said), metadata=headers)]
            assert got == [f'heard word {i}' for i in range(3)], got

        check('proxied unary', unary)
        check('proxied error', failing, lambda: get(StringValue(value='42'), metadata=headers), Code.NOT_FOUND, 'no order 42')
        check('proxied server stream', stream)
        check(
            'proxied broken stream',
            failing,
            lambda: list(items(StringValue(value='broken'), metadata=headers)),
            Code.DATA_LOSS,
            'the rest is lost',
        )
        check('proxied conversation', conversation)


with DaprClient() as client:
    for target in os.environ['INVOKE_TARGETS'].split(','):
        app_id, kind = target.split(':')
        check(f'{app_id} answers', echo, client, app_id)
        if kind in ('http', 'java'):
            check(f'{app_id} has no such method', fails, client, app_id, 'nowhere', Code.NOT_FOUND, 'Not Found')
            check(f'{app_id} fails', fails, client, app_id, 'fail', Code.UNKNOWN, 'Internal Server Error')
        elif kind == 'absent':
            check(f'{app_id} has no such method', fails, client, app_id, 'nowhere', Code.NOT_FOUND, 'Not Found')
        elif kind == 'codes':
            check(f'{app_id} has no such order', fails, client, app_id, 'missing', Code.NOT_FOUND, 'no order 42')
            check(f'{app_id} fails', fails, client, app_id, 'fail', Code.UNKNOWN, 'no order 42')
        elif kind == 'texts':
            check(f'{app_id} fails', fails, client, app_id, 'fail', Code.UNKNOWN, 'no order 42')
        else:
            check(f'{app_id} fails', fails, client, app_id, 'fail', None, '')
    check('nobody answers', fails, client, 'nobody', 'echo', Code.INTERNAL, 'failed to invoke, id: nobody, err: no app')
if os.environ.get('INVOKE_SHOP'):
    proxied(os.environ['INVOKE_SHOP'])
print(f'{passed} passed, {failed} failed')
