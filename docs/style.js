// Changes what the theme adds to a page: each copy button is in a landmark of its own, and all
// have the same name; a table that scrolls is not reached by the keyboard.
"use strict";
function mend() {
  for (const each of document.querySelectorAll("nav.md-code__nav:not([role])")) {
    each.setAttribute("role", "none");
  }
  for (const each of document.querySelectorAll(".md-typeset__scrollwrap:not([tabindex])")) {
    each.tabIndex = 0;
  }
}
new MutationObserver(mend).observe(document.body, { childList: true, subtree: true });
mend();
