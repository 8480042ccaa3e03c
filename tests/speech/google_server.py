"""A tiny Google on loopback: real gRPC, real messages, answers scripted by each test."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
from google.cloud.speech_v2.types import cloud_speech
from google.cloud.texttospeech_v1.types import cloud_tts

from engine.speech.grpc_thread import GrpcThread

type Behaviour = Callable[[AsyncIterator[Any], Any], AsyncIterator[Any]]
type Unary = Callable[[Any, Any], Awaitable[Any]]

SttRequest: Any = cloud_speech.StreamingRecognizeRequest.pb()
SttResponse: Any = cloud_speech.StreamingRecognizeResponse.pb()
TtsRequest: Any = cloud_tts.StreamingSynthesizeRequest.pb()
TtsResponse: Any = cloud_tts.StreamingSynthesizeResponse.pb()
WholeRequest: Any = cloud_tts.SynthesizeSpeechRequest.pb()
WholeResponse: Any = cloud_tts.SynthesizeSpeechResponse.pb()


def recognize(behaviour: Behaviour) -> grpc.GenericRpcHandler:
    method = grpc.stream_stream_rpc_method_handler(
        behaviour, request_deserializer=SttRequest.FromString, response_serializer=SttResponse.SerializeToString
    )
    return grpc.method_handlers_generic_handler("google.cloud.speech.v2.Speech", {"StreamingRecognize": method})


def synthesize(streaming: Behaviour | None = None, whole: Unary | None = None) -> grpc.GenericRpcHandler:
    methods = {
        "StreamingSynthesize": grpc.stream_stream_rpc_method_handler(
            streaming, request_deserializer=TtsRequest.FromString, response_serializer=TtsResponse.SerializeToString
        ),
        "SynthesizeSpeech": grpc.unary_unary_rpc_method_handler(
            whole, request_deserializer=WholeRequest.FromString, response_serializer=WholeResponse.SerializeToString
        ),
    }
    return grpc.method_handlers_generic_handler("google.cloud.texttospeech.v1.TextToSpeech", methods)


@asynccontextmanager
async def serving(thread: GrpcThread, handler: grpc.GenericRpcHandler) -> AsyncGenerator[str]:
    """Serve on a free port of loopback, on the thread under test; gives `host:port`."""

    async def start() -> tuple[grpc.aio.Server, int]:
        server = grpc.aio.server()
        server.add_generic_rpc_handlers((handler,))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        return server, port

    async def stop() -> None:
        await server.stop(None)

    server, port = await thread.run(start)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await thread.run(stop)
