// What plain HTML cannot do at a counter: function keys, and lists that follow what others do.
// Every page works without it.
"use strict";

// F2, F4 press their button, Escape goes back to the field for the next ticket.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]:not([disabled])`);
  if (!target) return;
  event.preventDefault();
  if (target.matches("input")) {
    target.focus();
    target.select();
  } else {
    target.click();
  }
});

// Every 15 seconds fetch the lists and the gauge; never under somebody's hand or while hidden.
const queue = document.querySelector("[data-queue]");
if (queue) {
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(queue.dataset.queue, { redirect: "error" });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      page.querySelectorAll("[data-into]").forEach((part) => {
        const place = document.getElementById(part.dataset.into);
        if (!place || place.contains(document.activeElement)) return;
        const open = [...place.querySelectorAll("details")].map((one) => one.open);
        place.replaceChildren(...part.childNodes);
        place.querySelectorAll("details").forEach((one, i) => {
          if (i in open) one.open = open[i];
        });
      });
    } catch {
      // The connection is away: the page stays as it is, and the next round tries again.
    }
  }, 15000);
}

// The week: count what is ticked, and tick whole rows and columns.
const tally = document.querySelector("[data-tally]");
if (tally) {
  const boxes = [...document.querySelectorAll(".week input[type=checkbox][name]")];
  const count = () => {
    const chosen = boxes.filter((box) => box.checked);
    tally.querySelector("[data-slots]").textContent = chosen.length;
    tally.querySelector("[data-people]").textContent = chosen.reduce(
      (sum, box) => sum + Number(box.dataset.booked), 0);
  };
  document.addEventListener("change", count);
  document.querySelectorAll("[data-all]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => {
      const mine = boxes.filter((box) => box.dataset.of.split(" ").includes(button.dataset.all));
      const fill = mine.some((box) => !box.checked);
      mine.forEach((box) => (box.checked = fill));
      count();
    });
  });
  count();
}
