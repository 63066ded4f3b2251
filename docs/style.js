// Changes what the theme adds to a page: each copy button is in a landmark of its own, and all
// have the same name; a table that scrolls is not reached by the keyboard.
"use strict";
// A copied console block is its commands alone: without prompts, and without their output.
function commandsOf(text) {
  const commands = [];
  let open = false; // a line goes on inside quotes, and after a backslash or a pipe
  let quotes = 0;
  for (const line of text.split("\n")) {
    const starts = line.startsWith("$ ");
    if (!starts && !open) continue;
    commands.push(starts ? line.slice(2) : line);
    quotes += line.split("'").length - 1;
    open = quotes % 2 === 1 || /[\\|]$/.test(line);
  }
  return commands.join("\n");
}

function mend() {
  for (const each of document.querySelectorAll(".language-console")) {
    const button = each.querySelector("button[data-clipboard-target]");
    if (button) {
      button.dataset.clipboardText = commandsOf(each.querySelector("code").textContent);
      delete button.dataset.clipboardTarget;
    }
  }
  for (const each of document.querySelectorAll("nav.md-code__nav:not([role])")) {
    each.setAttribute("role", "none");
  }
  for (const each of document.querySelectorAll(".md-typeset__scrollwrap:not([tabindex])")) {
    each.tabIndex = 0;
  }
}
new MutationObserver(mend).observe(document.body, { childList: true, subtree: true });
mend();
