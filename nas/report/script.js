"use strict";
// Sorting and tooltips. The page says all it has to say without them.

const cellValue = (row, column) => {
  const value = row.cells[column].dataset.value;
  return value === undefined ? null : value !== "" && !isNaN(value) ? Number(value) : value;
};

const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));

const sortBy = (head) => {
  const body = head.closest("table").tBodies[0];
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const rows = [...body.rows].map((row) => [cellValue(row, head.cellIndex), row]);
  rows.sort(([a], [b]) => (a === null || b === null ? (a === null) - (b === null) : compare(a, b) * (down ? -1 : 1)));
  body.append(...rows.map(([, row]) => row)); // missing values stay at the end
};

for (const head of document.querySelectorAll("th[data-sort]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => sortBy(head));
}

const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;
document.body.append(tip);

for (const mark of document.querySelectorAll(".mark")) {
  const title = mark.querySelector(":scope > title");
  if (!title) continue;
  const text = title.textContent;
  mark.setAttribute("aria-label", text);
  title.remove(); // else the browser shows its own tooltip as well
  mark.addEventListener("pointerenter", () => {
    tip.textContent = text;
    tip.hidden = false;
    const at = mark.getBoundingClientRect();
    const left = at.left + at.width / 2 - tip.offsetWidth / 2;
    const above = at.top - tip.offsetHeight - 8;
    tip.style.left = `${Math.max(8, Math.min(left, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${above > 8 ? above : at.bottom + 8}px`;
  });
  mark.addEventListener("pointerleave", () => (tip.hidden = true));
}
addEventListener("scroll", () => (tip.hidden = true), { passive: true, capture: true });
