// Lights up the messages of a walk as the parties report them.
"use strict";
const list = document.querySelector("[data-messages]");
const news = document.getElementById("news");

function show({ number, html }) {
  const details = document.getElementById(`message-${number}`);
  if (details.classList.contains("lit")) return;
  details.classList.add("lit");
  details.querySelector(".body").innerHTML = html;
  document.getElementById(`arrow-${number}`).classList.add("lit");
  news.textContent = `Message ${number} was seen: ${details.querySelector("strong").textContent}`;
}

function know(party, facts) {
  const items = facts.map((fact) => {
    const item = document.createElement("li");
    item.textContent = fact;
    return item;
  });
  document.getElementById(`knows-${party}`).replaceChildren(...items);
}

// Polls twice a second, for ten minutes: a page that is left open stops.
async function poll(remaining) {
  const response = await fetch(list.dataset.messages).catch(() => null);
  if (response && response.status === 404) return;
  if (response && response.ok) {
    const { complete, messages, knowledge } = await response.json();
    messages.forEach(show);
    Object.entries(knowledge).forEach(([party, facts]) => know(party, facts));
    if (complete) return;
  }
  if (remaining > 0) setTimeout(poll, 500, remaining - 1);
}

function open() {
  const target = location.hash && document.querySelector(location.hash);
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.querySelector("summary").focus();
  }
}

if (list) {
  addEventListener("hashchange", open);
  open();
  poll(1200);
}
