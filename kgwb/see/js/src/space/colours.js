// A plotly figure in the colours of a theme: plotly itself knows nothing of style sheets.

/**
 * A trace whose `meta` names a colour of the palette has rims of that colour.
 * @typedef {{meta?: string, marker: {line: object}}} Trace
 * @typedef {{name?: string, font: object}} Annotation
 * @typedef {{template: object, colours: Record<string, string>, halo: string}} Theme
 * @typedef {{data: Trace[], layout: {annotations: Annotation[]}, config: object, themes: {light: Theme, dark: Theme}}} Figure
 */

/**
 * New traces and a new layout; the figure stays as it came.
 * @param {Pick<Figure, "data" | "layout">} figure
 * @param {Theme} theme
 */
export function colourFigure({ data, layout }, { template, colours, halo }) {
  const traces = data.map((trace) => {
    if (!trace.meta) return trace;
    const line = { ...trace.marker.line, color: colours[trace.meta] };
    return { ...trace, marker: { ...trace.marker, line } };
  });
  const annotations = layout.annotations.map((note) =>
    note.name === "label" ? { ...note, font: { ...note.font, shadow: halo } } : note,
  );
  return { data: traces, layout: { ...layout, template, annotations } };
}
