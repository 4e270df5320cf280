// The reader's system decides the theme until the button does. Charts are told by the event "themechange".
"use strict";
(() => {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  try { chosen = localStorage.getItem("theme"); } catch { /* a file without storage of its own */ }

  function apply(theme) {
    root.dataset.theme = theme;
    button.textContent = theme === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-label", `Use the ${theme === "dark" ? "light" : "dark"} theme`);
    button.setAttribute("aria-pressed", String(theme === "dark"));
    document.dispatchEvent(new Event("themechange"));
  }
  const wanted = () => chosen || (system.matches ? "dark" : "light");

  root.classList.add("js");
  apply(wanted());
  system.addEventListener("change", () => apply(wanted()));
  button.addEventListener("click", () => {
    chosen = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", chosen); } catch { /* as above */ }
    apply(chosen);
  });
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("main > section details")) {
      if (!details.closest("figure")) details.open = true;
    }
    apply("light"); // ink is dark
  });
  window.addEventListener("afterprint", () => apply(wanted()));
})();
