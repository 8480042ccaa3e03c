"""What Redis holds of a person's calls is erased with the rest, and nobody else's."""

from uuid import uuid4

import trio
from pydantic import SecretStr

from engine.cache import Cache
from engine.call.session import erase_sessions, key
from engine.config import RedisConfig
from engine.pbx.registry import CallRegistry
from engine.pbx.shared_registry import open_registry, registration_key, verdict_key
from ops.embedded.valkey import EmbeddedValkey

HIS = "+380671234567"


async def test_sessions_announcements_and_verdicts_of_one_person_go(valkey: EmbeddedValkey) -> None:
    redis = RedisConfig(url=SecretStr(valkey.url))
    cache = Cache(redis)
    on_record, announced, anothers = uuid4(), uuid4(), uuid4()
    async with open_registry(CallRegistry(9, trio.current_time), redis, tuple) as registry:
        await registry.finish(on_record, "operator", "customer_request", "Олена, шини на Golf")
        await registry.register(announced, caller=HIS)
        await registry.finish(anothers, "operator", "customer_request", "хтось інший")
    await cache.set(key(on_record), {"state": "speaking"}, ttl=60)
    await cache.set(key(anothers), {"caller": "+380509999999"}, ttl=60)
    assert await erase_sessions(cache, [on_record], lambda document: HIS in str(document)) == 3
    left = await cache.keys("call_")
    assert set(left) == {verdict_key(anothers), key(anothers)}
    assert registration_key(announced) not in left
    await cache.aclose()
