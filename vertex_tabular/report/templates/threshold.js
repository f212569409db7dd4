// The movable threshold: the counts of every threshold are in the page, this shows those of one.
(() => {
  const slider = document.getElementById("threshold");
  if (!slider) return;
  const counts = JSON.parse(document.getElementById("counts").textContent);
  const [zeros, ones] = counts.rows;
  const percent = (share) => (Number.isFinite(share) ? `${(100 * share).toFixed(1)}\u00a0%` : "–");
  const place = (mark, share, from, to) =>
    Number(mark.dataset[from]) + share * (mark.dataset[to] - mark.dataset[from]);

  function show() {
    const at = Math.round(slider.value * 100);
    const [hits, alarms] = [counts.ones[at], counts.zeros[at]];
    const cells = [[zeros - alarms, alarms], [ones - hits, hits]];
    cells.forEach((row, actual) => row.forEach((count, given) => {
      const cell = document.getElementById(`cell-${actual}-${given}`);
      const share = count / counts.rows[actual];
      cell.querySelector("b").textContent = count.toLocaleString("en-US");
      cell.querySelector("span").textContent = percent(share);
      cell.style.setProperty("--share", share || 0);
    }));
    const rates = {
      accuracy: (zeros - alarms + hits) / (zeros + ones),
      precision: hits / (hits + alarms),
      recall: hits / ones,
      specificity: (zeros - alarms) / zeros,
      f1: (2 * hits) / (hits + alarms + ones),
    };
    for (const [name, rate] of Object.entries(rates)) {
      document.getElementById(`rate-${name}`).textContent = percent(rate);
    }
    const text = (at / 100).toFixed(2);
    document.getElementById("threshold-value").textContent = text;
    document.getElementById("matrix-threshold").textContent = text;
    document.getElementById("spoken").textContent =
      `Threshold ${text}: precision ${percent(rates.precision)}, recall ${percent(rates.recall)}`;
    move("roc", alarms / zeros, rates.recall);
    move("precision-recall", rates.recall, hits + alarms ? rates.precision : 1);
    for (const line of document.querySelectorAll("path.threshold")) {
      line.setAttribute("transform", `translate(${place(line, at / 100, "left", "right")})`);
    }
  }

  function move(plot, x, y) {
    const dot = document.querySelector(`#plot-${plot} circle.threshold`);
    dot?.setAttribute("cx", place(dot, x, "left", "right"));
    dot?.setAttribute("cy", place(dot, y, "bottom", "top"));
  }

  slider.addEventListener("input", show);
  document.querySelector(".control").hidden = false;
  show();
})();
