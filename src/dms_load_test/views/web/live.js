// Takes what the server tells once a second. The browser reconnects by itself and then gets everything anew.
"use strict";
(() => {
  const connection = document.getElementById("connection");
  const say = (text, lost = false) => {
    connection.textContent = text;
    connection.classList.toggle("lost", lost);
  };
  let waiting = null; // charts that came while nobody looked

  const source = new EventSource("events");
  source.onopen = () => say("live");
  source.onerror = () => say("connection lost, trying again …", true);
  source.onmessage = (event) => {
    const news = JSON.parse(event.data);
    for (const [id, html] of Object.entries(news.parts)) {
      const element = document.getElementById(id);
      if (!element) continue;
      const open = new Set([...element.querySelectorAll("details[open]")].map((details) => details.dataset.key));
      element.innerHTML = html; // escaped where it was made: views/pages.py
      for (const details of element.querySelectorAll("details")) details.open = open.has(details.dataset.key);
      if (element.tagName === "TBODY") Tables.refresh(element.closest("table"));
    }
    if (news.charts && document.hidden) waiting = news.charts;
    else if (news.charts) Charts.show(news.charts);
    if (news.ended) {
      source.close();
      say("the run has ended");
      document.documentElement.dataset.ended = "true";
    }
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && waiting) {
      Charts.show(waiting);
      waiting = null;
    }
  });
})();
