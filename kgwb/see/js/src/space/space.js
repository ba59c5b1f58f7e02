// Draws the plotly figure that stands as JSON in its element, in the colours of the page.
const kgwbSpace = (() => {
  function isDark() {
    const asked = [document.documentElement, document.body].map((node) => node?.dataset.jpThemeLight).find(Boolean);
    return asked ? asked === "false" : matchMedia("(prefers-color-scheme: dark)").matches;
  }

  function dress({ data, layout, themes }) {
    const { template, colours, halo } = themes[isDark() ? "dark" : "light"];
    const dressed = data.map((trace) => (trace.meta ? { ...trace, marker: { ...trace.marker, line: { ...trace.marker.line, color: colours[trace.meta] } } } : trace));
    const annotations = layout.annotations.map((note) => (note.name === "label" ? { ...note, font: { ...note.font, shadow: halo } } : note));
    return [dressed, { ...layout, template, annotations }];
  }

  function draw(root) {
    const figure = JSON.parse(root.querySelector("script").textContent);
    const holder = root.appendChild(document.createElement("div"));
    Plotly.newPlot(holder, ...dress(figure), figure.config);
    const redraw = () => Plotly.react(holder, ...dress(figure), figure.config);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    for (const node of [document.documentElement, document.body])
      new MutationObserver(redraw).observe(node, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  }

  return { draw };
})();
