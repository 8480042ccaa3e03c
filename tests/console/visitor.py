"""A browser without scripts: it keeps cookies, follows links, sends forms with whatever token the page has."""

import re
from html import unescape
from typing import Any, Final

import httpx

from engine.access.identity import Role
from tests.web.world import PASSWORD, Site

CSRF: Final = re.compile(r'name="csrf" value="([^"]*)"')
_HIDDEN: Final = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
_TAGS: Final = re.compile(r"<[^>]+>")


class Visitor:
    """Somebody at the console. `base`: where it is."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.client.get(f"/console{path}", params=query, follow_redirects=True)

    async def page(self, path: str, **query: Any) -> str:
        """Its HTML; it must be there."""
        answer = await self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def send(self, path: str, page: str = "/live", /, **form: str) -> httpx.Response:
        """A form, with the token that `page` has for it."""
        token = CSRF.search(await self.page(page))
        fields = {"csrf": token[1] if token else "", **form}
        return await self.client.post(f"/console{path}", data=fields, follow_redirects=True)


async def log_in(site: Site, role: Role, language: str = "en") -> Visitor:
    """A new user of that role."""
    name = f"a-{role}"
    await site.add_user(name, role)
    visitor = Visitor(site.client(headers={"Accept-Language": language}))
    answer = await visitor.client.post(
        "/console/login", data={"name": name, "password": PASSWORD}, follow_redirects=True
    )
    assert answer.status_code == 200, answer.text
    assert name in answer.text
    return visitor


def hidden(html: str) -> dict[str, str]:
    """What the main form of a page sends without being asked."""
    main = html[html.index("<main") :]
    return {unescape(name): unescape(value) for name, value in _HIDDEN.findall(main)}


def text_of(html: str) -> str:
    """What is read."""
    return " ".join(unescape(_TAGS.sub(" ", html)).split())
