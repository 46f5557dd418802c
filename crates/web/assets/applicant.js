// How far a file has come while it is sent. Without this the form is sent all the same.
"use strict";

for (const form of document.querySelectorAll("form[data-sending]")) {
  const file = form.querySelector("input[type=file]");
  const bar = form.querySelector("progress");
  const button = form.querySelector("button.main");
  form.addEventListener("submit", (event) => {
    if (!file.files.length || button.disabled) return;
    event.preventDefault();
    const sending = new XMLHttpRequest();
    sending.open("POST", form.action);
    sending.setRequestHeader("accept", "text/html");
    sending.responseType = "document";
    bar.hidden = false;
    bar.setAttribute("aria-label", form.dataset.sending);
    sending.upload.addEventListener("progress", (told) => {
      if (told.lengthComputable) bar.value = told.loaded / told.total;
    });
    sending.addEventListener("load", () => {
      const answer = sending.response;
      // Where it has gone on there is another page; what is wrong stands on this one.
      if (sending.status < 400 || !answer) return location.assign(sending.responseURL);
      document.querySelector("main").replaceWith(document.adoptNode(answer.querySelector("main")));
      document.querySelector("#faults")?.focus();
    });
    sending.addEventListener("error", () => {
      bar.hidden = true;
      button.disabled = false;
    });
    sending.send(new FormData(form));
    button.disabled = true;
  });
}
