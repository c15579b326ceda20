"use strict";
// The page is whole without this: it filters and sorts the tables that ask for it.
for (const table of document.querySelectorAll("table.tests")) {
  const body = table.tBodies[0], rows = [...body.rows];
  const tools = document.createElement("div");
  tools.className = "tools";
  const search = document.createElement("input");
  search.type = "search";
  search.placeholder = "Filter";
  search.setAttribute("aria-label", "Filter the tests");
  tools.append(search);
  const boxes = table.dataset.outcomes.split(" ").map((outcome) => {
    const label = document.createElement("label"), box = document.createElement("input");
    box.type = "checkbox";
    box.checked = true;
    box.value = outcome;
    label.append(box, outcome);
    tools.append(label);
    return box;
  });
  const shown = document.createElement("span");
  shown.setAttribute("role", "status");
  shown.className = "s";
  tools.append(shown);
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/);
    const wanted = new Set(boxes.filter((box) => box.checked).map((box) => "r-" + box.value));
    let count = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !(wanted.has(row.className) && words.every((word) => text.includes(word)));
      count += !row.hidden;
    }
    shown.textContent = count === rows.length ? `${count} tests` : `${count} of ${rows.length} tests`;
  };
  tools.addEventListener("input", filter);
  filter();
  table.parentElement.before(tools);
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (!("sort" in head.dataset)) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = (row) => row.cells[column].dataset.v ?? row.cells[column].textContent.toLowerCase();
      const sorted = [...rows].sort((a, b) => {
        const one = value(a), other = value(b);
        return isNaN(one) || isNaN(other) ? one.localeCompare(other, "en", { numeric: true }) : one - other;
      });
      if (down) sorted.reverse();
      body.append(...sorted);
    });
  });
}
