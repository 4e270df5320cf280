// Draws the charts that results/charts.py describes, with Plotly, in the colours of the theme.
"use strict";
const Charts = (() => {
  const holder = document.getElementById("charts");
  const config = { displaylogo: false, responsive: true, displayModeBar: false, doubleClick: "reset" };
  const dashes = ["solid", "dash", "dot", "dashdot", "8px 2px", "2px 6px"];
  let latest = null;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const tone = (series) => colour(typeof series.tone === "number" ? `s${series.tone % 6}` : series.tone);
  const at = (seconds) => new Date(seconds * 1000).toISOString(); // the time axis begins at 0:00:00 of an empty day
  const short = (number) => (number === null ? "–" : Number(number.toPrecision(4)).toLocaleString("en"));

  function axis(extra) {
    return { gridcolor: colour("grid"), zerolinecolor: colour("grid"), linecolor: colour("line"), fixedrange: false, automargin: true, ...extra };
  }

  function timeAxis(end) {
    return axis({ type: "date", tickformat: end < 3600 ? "%M:%S" : "%H:%M:%S", range: [at(0), at(end)], nticks: 6, hoverformat: "%H:%M:%S" });
  }

  // Decades with a few steps between: 1, 2, 5, 10.
  function logAxis(values) {
    const seen = values.filter((value) => value > 0);
    const low = seen.length ? Math.min(...seen) : 1;
    const high = seen.length ? Math.max(...seen) : 10;
    const ticks = [];
    for (let decade = Math.floor(Math.log10(low)); decade <= Math.ceil(Math.log10(high)); decade += 1) {
      for (const digit of [1, 2, 5]) ticks.push(digit * 10 ** decade);
    }
    const many = Math.log10(high / low) > 2.5;
    const shown = many ? ticks.filter((tick) => Number.isInteger(Math.round(Math.log10(tick) * 1e6) / 1e6)) : ticks;
    return axis({ type: "log", tickvals: shown, ticktext: shown.map((tick) => short(tick)) });
  }

  const valuesOf = (chart) => chart.series.flatMap((series) => series.values).filter((value) => value !== null);
  const yAxis = (chart) => (chart.scale === "log" ? logAxis(valuesOf(chart)) : axis({ rangemode: "tozero" }));

  function bands(phases) {
    return phases.flatMap((band, n) => {
      const box = { type: "rect", xref: "x", yref: "paper", x0: at(band.from), x1: at(band.to), y0: 0, y1: 1, line: { width: 0 }, layer: "below" };
      return n % 2 ? [{ ...box, fillcolor: colour("band") }] : [];
    });
  }

  function bandNames(phases, end) {
    return phases.filter((band) => (band.to - band.from) / end > 0.08).map((band) => ({
      text: band.phase, x: at((band.from + band.to) / 2), xref: "x", y: 1, yref: "paper", yanchor: "bottom", showarrow: false, font: { size: 11, color: colour("dim") },
    }));
  }

  function overTime(chart, traces, phases) {
    const end = chart.x.length ? chart.x[chart.x.length - 1] : 1;
    return { traces, layout: { xaxis: timeAxis(end), yaxis: yAxis(chart), shapes: bands(phases), annotations: bandNames(phases, end) } };
  }

  function lines(chart, phases) {
    const x = chart.x.map(at);
    const mode = chart.x.length < 3 ? "lines+markers" : "lines";
    const traces = chart.series.map((series, n) => ({
      type: "scatter", mode, name: series.name, x, y: series.values,
      line: { color: tone(series), width: series.tone === "plan" ? 1.5 : 2, dash: series.tone === "plan" ? "dash" : dashes[n % dashes.length], shape: series.tone === "plan" ? "hv" : "linear" },
    }));
    return overTime(chart, traces, phases);
  }

  function bars(chart, phases) {
    const x = chart.x.map(at);
    const traces = chart.series.map((series) => ({ type: "bar", name: series.name, x, y: series.values, marker: { color: tone(series) } }));
    const drawn = overTime(chart, traces, phases);
    return { ...drawn, layout: { ...drawn.layout, barmode: "stack", bargap: 0 } };
  }

  function heat(chart, phases) {
    const ratio = 10 ** 0.1;
    const edges = chart.x.length ? [Math.max(0, chart.x[0] - (chart.x.length > 1 ? chart.x[1] - chart.x[0] : 1)), ...chart.x] : [];
    const y = chart.y.length ? [chart.y[0] / ratio, ...chart.y] : [];
    const scale = [0, 1, 2, 3, 4].map((n) => [n / 4, colour(`heat${n}`)]);
    const trace = {
      type: "heatmap", x: edges.map(at), y, z: chart.z.map((row) => row.map((count) => Math.log10(1 + count))), customdata: chart.z,
      colorscale: scale, showscale: false, hovertemplate: "%{customdata} requests up to %{y:.3~g} ms<extra></extra>",
    };
    const drawn = overTime(chart, [trace], phases);
    return { ...drawn, layout: { ...drawn.layout, yaxis: logAxis(chart.y) } };
  }

  function percentiles(chart) {
    const place = (percent) => -Math.log10(1 - percent / 100);
    const ticks = [50, 90, 99, 99.9, 99.99, 99.999];
    const traces = chart.series.map((series, n) => ({
      type: "scatter", mode: "lines+markers", marker: { size: 4 }, name: series.name, x: chart.x.map(place), y: series.values, text: chart.x.map((percent) => `p${percent}`),
      hovertemplate: "%{text}: %{y:.4~g} ms", line: { color: tone(series), width: 2, dash: dashes[n % dashes.length] },
    }));
    return { traces, layout: { xaxis: axis({ tickvals: ticks.map(place), ticktext: ticks.map((tick) => `${tick} %`), tickangle: 0 }), yaxis: yAxis(chart) } };
  }

  function knee(chart) {
    const traces = chart.series.map((series, n) => ({
      type: "scatter", mode: "lines+markers", name: series.name, x: chart.x, y: series.values, yaxis: n ? "y2" : "y", line: { color: n ? colour("s1") : colour("s0"), dash: n ? "dash" : "solid" },
    }));
    const right = axis({ overlaying: "y", side: "right", rangemode: "tozero", tickmode: "auto", showgrid: false, title: { text: chart.series[1].name } });
    return { traces, layout: { margin: { l: 48, r: 48, t: 12, b: 44 }, legend: { orientation: "h", y: 1.15, x: 0 }, xaxis: axis({ rangemode: "tozero", title: { text: chart.unit } }), yaxis: axis({ rangemode: "tozero", title: { text: chart.series[0].name } }), yaxis2: right } };
  }

  const kinds = { lines, bars, heat, percentiles, knee };

  function frame(chart) {
    const figure = document.createElement("figure");
    figure.id = `chart-${chart.id}`;
    const title = document.createElement("h3");
    title.append(chart.title, " ");
    const unit = document.createElement("span");
    unit.className = "unit";
    unit.textContent = chart.kind === "knee" ? "" : chart.unit;
    title.append(unit);
    const plot = document.createElement("div");
    plot.className = "plot";
    plot.setAttribute("role", "img");
    const figures = document.createElement("details");
    const summary = document.createElement("summary");
    summary.textContent = "Figures as a table";
    figures.append(summary);
    figures.addEventListener("toggle", () => figures.open && tabulate(figure, latest.charts.find((c) => c.id === chart.id)));
    figure.append(title, plot, figures);
    holder.append(figure);
    return figure;
  }

  // The chart in one sentence, for those who do not see it.
  function told(chart) {
    const parts = chart.series.map((series) => {
      const seen = series.values.filter((value) => value !== null);
      return seen.length ? `${series.name}: from ${short(Math.min(...seen))} to ${short(Math.max(...seen))}, last ${short(seen[seen.length - 1])}` : "";
    });
    return `${chart.title}, ${chart.unit}. ${parts.filter(Boolean).join("; ") || chart.empty || "See the table below it."}`;
  }

  function tabulate(figure, chart) {
    figure.querySelector(".scroll")?.remove();
    const table = document.createElement("table");
    const isTime = chart.kind !== "percentiles" && chart.kind !== "knee";
    const columns = chart.kind === "heat" ? chart.y.map((end, n) => ({ name: `to ${short(end)}`, values: chart.z[n] })) : chart.series;
    const caption = table.createCaption();
    caption.className = "hidden";
    caption.textContent = `${chart.title}, ${chart.unit}`;
    const head = table.createTHead().insertRow();
    for (const name of [isTime ? "time" : chart.kind === "knee" ? chart.unit : "percentile", ...columns.map((column) => column.name)]) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = name;
      head.append(cell);
    }
    const body = table.createTBody();
    chart.x.forEach((x, n) => {
      const row = body.insertRow();
      const cell = document.createElement("th");
      cell.scope = "row";
      cell.textContent = isTime ? at(x).slice(11, 19) : short(x);
      row.append(cell);
      for (const column of columns) row.insertCell().textContent = short(column.values[n]);
    });
    const scroll = document.createElement("div");
    scroll.className = "scroll";
    scroll.tabIndex = 0;
    scroll.append(table);
    figure.querySelector("details").append(scroll);
  }

  function draw(chart, phases) {
    const figure = document.getElementById(`chart-${chart.id}`);
    const plot = figure.querySelector(".plot");
    plot.setAttribute("aria-label", told(chart));
    const { traces, layout } = kinds[chart.kind](chart, phases);
    const nothing = chart.empty && !chart.series.length;
    const whole = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: colour("ink"), size: 12, family: getComputedStyle(document.body).fontFamily },
      margin: { l: 48, r: 12, t: 22, b: 30 }, hovermode: chart.kind === "heat" ? "closest" : "x unified", hoverlabel: { bgcolor: colour("card"), font: { color: colour("ink") } },
      legend: { orientation: "h", y: -0.16, x: 0 }, showlegend: chart.series.some((line) => !chart.title.endsWith(line.name)), uirevision: chart.id, ...layout,
    };
    if (nothing) whole.annotations = [...(whole.annotations || []), { text: chart.empty, showarrow: false, xref: "paper", yref: "paper", x: 0.5, y: 0.5, font: { color: colour("dim"), size: 14 } }];
    if (nothing) whole.yaxis = axis({ range: [0, 1], showticklabels: false });
    Plotly.react(plot, traces, whole, config);
  }

  function show(data) {
    latest = data;
    for (const chart of data.charts) if (!document.getElementById(`chart-${chart.id}`)) frame(chart); // all, so that each has its width
    for (const chart of data.charts) draw(chart, data.phases);
  }

  document.addEventListener("themechange", () => latest && show(latest));
  const embedded = document.getElementById("chart-data");
  if (embedded) show(JSON.parse(embedded.textContent));
  return { show };
})();
