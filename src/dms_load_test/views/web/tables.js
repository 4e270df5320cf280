// Tables that sort by their headings and hide what the filters leave out. Rows may be replaced at any time: refresh(id).
"use strict";
const Tables = (() => {
  const sorts = new Map(); // table -> {column, direction}

  const value = (row, column) => {
    const cell = row.cells[column];
    if (!cell) return "";
    const raw = cell.dataset.v;
    return raw === undefined ? cell.textContent.trim() : raw === "" ? -Infinity : Number(raw);
  };
  const compare = (a, b) => (typeof a === "number" && typeof b === "number"
    ? a - b : String(a).localeCompare(String(b), "en", { numeric: true }));

  function sort(table) {
    const by = sorts.get(table);
    if (!by) return;
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [value(row, by.column), row]);
    rows.sort((a, b) => by.direction * compare(a[0], b[0])); // stable: equal rows keep their order
    body.append(...rows.map(([, row]) => row));
  }

  function toggle(table, heading) {
    const column = heading.cellIndex;
    const before = sorts.get(table);
    const first = heading.classList.contains("text") ? 1 : -1; // largest numbers first
    const direction = before && before.column === column ? -before.direction : first;
    sorts.set(table, { column, direction });
    for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
    heading.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
    sort(table);
  }

  function fill(select, table) {
    const known = new Set([...select.options].map((option) => option.value));
    for (const row of table.tBodies[0].rows) {
      const text = row.cells[select.dataset.column]?.textContent ?? "";
      if (text && !known.has(text)) {
        known.add(text);
        select.add(new Option(text, text));
      }
    }
  }

  function filter(controls) {
    const table = document.getElementById(controls.dataset.for);
    const fields = [...controls.querySelectorAll("input, select")];
    for (const field of fields) if (field.tagName === "SELECT") fill(field, table);
    const keeps = (row) => fields.every((field) => {
      if (field.dataset.positive) return !field.checked || value(row, field.dataset.positive) > 0;
      const text = row.cells[field.dataset.column].textContent;
      if (field.tagName === "SELECT") return !field.value || text === field.value;
      return text.toLowerCase().includes(field.value.trim().toLowerCase());
    });
    const rows = [...table.tBodies[0].rows];
    let shown = 0;
    for (const row of rows) {
      row.hidden = !keeps(row);
      shown += row.hidden ? 0 : 1;
    }
    controls.querySelector("output").textContent = `${shown} of ${rows.length} rows`;
  }

  function refresh(table) {
    sort(table);
    for (const controls of document.querySelectorAll(`.filters[data-for="${table.id}"]`)) filter(controls);
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    table.tHead.addEventListener("click", (event) => {
      const heading = event.target.closest("th");
      if (heading) toggle(table, heading);
    });
  }
  for (const controls of document.querySelectorAll(".filters")) {
    controls.addEventListener("input", () => filter(controls));
    filter(controls);
  }
  return { refresh };
})();
