"use strict";
// What moves on a page, and what is asked before it is done. Everything works without this, standing still.

const ASK_AGAIN_SLOWLY = 5000;

for (const part of document.querySelectorAll("[data-poll]")) {
  poll(part, Number(part.dataset.every));
}

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

function poll(part, every) {
  let wait = every;
  const again = () => window.setTimeout(ask, wait);

  async function ask() {
    if (document.hidden) return again();
    try {
      const answer = await fetch(part.dataset.poll, { headers: { Accept: "text/html" } });
      if (answer.redirected) return window.location.reload();  // the session is over
      if (answer.ok) show(part, await answer.text());
      wait = answer.ok ? every : ASK_AGAIN_SLOWLY;
    } catch {
      wait = ASK_AGAIN_SLOWLY;
    }
    if (!part.querySelector("[data-over]")) again();
  }

  if (!part.querySelector("[data-over]")) again();
}

function show(part, html) {
  if (part.lastShown === html) return;
  part.lastShown = html;
  const open = new Set([...part.querySelectorAll("details")].flatMap((each, n) => (each.open ? [n] : [])));
  const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  const atEnd = window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 80;
  part.innerHTML = html;
  part.querySelectorAll("details").forEach((each, n) => { each.open = open.has(n); });
  if (focused) part.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
  if (atEnd && "follow" in part.dataset) window.scrollTo(0, document.documentElement.scrollHeight);
}
