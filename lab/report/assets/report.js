// Draws report.charts one below the other, with a shared cursor and a shared horizontal zoom (drag; double click: back).
(() => {
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const colours = dark
    ? ["#6cb2ff", "#ff8f70", "#7ddf9a", "#d6a3ff", "#ffd166", "#8be0e0", "#f49ac1"]
    : ["#1d6fd1", "#d1481d", "#1a8a43", "#7b3fc4", "#b38600", "#0f8a8a", "#c2367e"];
  const place = document.getElementById("charts");
  const sync = uPlot.sync("report");
  const ink = css("--ink"), line = css("--line"), soft = css("--soft"), mark = css("--mark");

  const behind = (u) => {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.font = 11 * devicePixelRatio + "px system-ui, sans-serif";
    (report.bands || []).forEach((b, i) => {
      const from = u.valToPos(b.from, "x", true), to = u.valToPos(b.to, "x", true);
      if (i % 2) { ctx.fillStyle = dark ? "#ffffff0d" : "#0000000a"; ctx.fillRect(from, bbox.top, to - from, bbox.height); }
      ctx.fillStyle = soft;
      ctx.fillText(b.name, Math.max(from, bbox.left) + 4 * devicePixelRatio, bbox.top + 12 * devicePixelRatio);
    });
    ctx.restore();
  };

  const above = (chart) => (u) => {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.lineWidth = devicePixelRatio;
    ctx.font = 11 * devicePixelRatio + "px system-ui, sans-serif";
    if (chart.limit) {
      const y = u.valToPos(chart.limit, "y", true);
      if (y >= bbox.top && y <= bbox.top + bbox.height) {
        ctx.strokeStyle = ink; ctx.setLineDash([6, 4]);
        ctx.beginPath(); ctx.moveTo(bbox.left, y); ctx.lineTo(bbox.left + bbox.width, y); ctx.stroke();
        ctx.fillStyle = ink; ctx.textAlign = "left";
        ctx.fillText(chart.limit_name || "", bbox.left + 4 * devicePixelRatio, y - 4 * devicePixelRatio);
      }
    }
    ctx.setLineDash([2, 3]); ctx.strokeStyle = mark; ctx.fillStyle = mark; ctx.textAlign = "left";
    (report.marks || []).forEach((m) => {
      const x = u.valToPos(m.at, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) return;
      ctx.beginPath(); ctx.moveTo(x, bbox.top); ctx.lineTo(x, bbox.top + bbox.height); ctx.stroke();
      ctx.fillText(m.label, x + 3, bbox.top + 26 * devicePixelRatio);
    });
    ctx.restore();
  };

  const text = (unit) => (u, v) => (v == null ? "–" : (+v.toPrecision(4)).toString() + " " + unit);

  report.charts.forEach((chart) => {
    const box = document.createElement("div");
    box.className = "chart";
    const head = document.createElement("h3");
    head.textContent = chart.title;
    box.append(head);
    place.append(box);
    const axis = { stroke: soft, grid: { stroke: line, width: 0.5 }, ticks: { stroke: line, width: 0.5 } };
    const plot = new uPlot({
      width: box.clientWidth, height: 210, cursor: { sync: { key: sync.key } },
      scales: { x: { time: false, range: (u, lo, hi) => [lo <= 1 ? 0 : lo, hi] }, y: chart.log ? { distr: 3 } : { range: (u, lo, hi) => [Math.min(0, lo), Math.max(hi, chart.limit || 0) * 1.08 || 1] } },
      axes: [
        { ...axis, values: (u, ticks) => ticks.map((v) => v + " s") },
        { ...axis, size: 64, values: (u, ticks) => ticks.map((v) => (v == null ? "" : (+v.toPrecision(3)).toString())) },
      ],
      series: [{ label: "at", value: text("s") }].concat(chart.series.map((s, i) => ({
        label: s.name, stroke: colours[i % colours.length], width: 1.6, value: text(chart.unit), points: { show: false },
        paths: s.step ? uPlot.paths.stepped({ align: -1 }) : undefined,
      }))),
      hooks: { drawClear: [behind], draw: [above(chart)] },
    }, [chart.x, ...chart.series.map((s) => s.values)], box);
    addEventListener("resize", () => plot.setSize({ width: box.clientWidth, height: 210 }));
  });
})();
