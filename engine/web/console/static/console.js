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
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const atEnd = window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 80;
  renew(part, fresh.content);
  if (atEnd && "follow" in part.dataset) window.scrollTo(0, document.documentElement.scrollHeight);
}

// Changes nothing but what differs: what has the focus, was opened or was read aloud already stays as it is. Where
// things have an id, each remains itself whatever comes and goes around it.
function renew(old, fresh) {
  const coming = parts(fresh);
  const ids = new Set(coming.map(idOf));
  const there = parts(old);
  for (const gone of there.filter((each) => !ids.has(idOf(each)))) {
    gone.remove();
    there.splice(there.indexOf(gone), 1);
  }
  for (const node of coming) {
    if (!there.length) old.append(node);
    else if (idOf(there[0]) !== idOf(node)) there[0].before(node);
    else become(there.shift(), node);
  }
  for (const surplus of there) surplus.remove();
}

function become(now, node) {
  if (now.nodeName !== node.nodeName) return now.replaceWith(node);
  if (!(now instanceof Element)) {
    if (now.data !== node.data) now.data = node.data;
    return;
  }
  for (const { name } of [...now.attributes]) {
    if (name !== "open" && !node.hasAttribute(name)) now.removeAttribute(name);
  }
  for (const { name, value } of node.attributes) {
    if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  }
  renew(now, node);
}

const parts = (node) => [...node.childNodes].filter((each) => each.nodeType !== Node.TEXT_NODE || each.data.trim());
const idOf = (node) => node.id || "";
