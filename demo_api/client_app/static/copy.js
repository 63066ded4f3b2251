// Shows the copy buttons, where the browser lets a page write to the clipboard.
"use strict";
const copied = document.createElement("p");
copied.className = "visually-hidden";
copied.setAttribute("role", "status");

async function copy({ currentTarget: button }) {
  const { textContent } = document.getElementById(button.dataset.copy);
  const label = button.dataset.label;
  try {
    await navigator.clipboard.writeText(textContent);
    button.textContent = copied.textContent = "Copied";
  } catch {
    button.textContent = copied.textContent = "Not copied: select the text instead";
  }
  setTimeout(() => { button.textContent = label; }, 3000);
}

if (navigator.clipboard) {
  document.body.append(copied);
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.dataset.label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", copy);
  }
}
