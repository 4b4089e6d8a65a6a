// The example follows what is typed; without a script the button shows it.
"use strict";

const form = document.querySelector("[data-look]");
if (form) {
  let waiting = 0;
  let asked = 0;
  const look = async () => {
    const turn = ++asked;
    const typed = new FormData(form);
    typed.set("do", "lihat");
    try {
      const answer = await fetch(form.action, { method: "POST", body: typed, redirect: "error" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const found = page.getElementById("pratinjau");
      if (found && turn === asked) document.getElementById("pratinjau").replaceWith(found);
    } catch {
      // The connection is away: the example stays, and the next letter tries again.
    }
  };
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, 400);
  });
}
