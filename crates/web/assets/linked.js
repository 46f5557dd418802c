// The link of an inquiry stands behind # of the address, where no server sees it: it goes into the form, out of the
// address and the history, and the inquiry is opened.
"use strict";

(() => {
  const link = location.hash.slice(1);
  const form = document.getElementById("linked");
  if (!link || !form) return;
  form.elements.link.value = link;
  history.replaceState(null, "", location.pathname);
  form.requestSubmit();
})();
