// Draws the graph that stands as JSON in its element. Labels reach the page as text only.
const kgwbGraph = (() => {
  const MANY_EDGES = 3000;
  const MOST_LABELS = 60;
  const NAMED_EDGES = 80;

  function element(parent, tag, className, text) {
    const made = parent.appendChild(document.createElement(tag));
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function colour(root, name) {
    return getComputedStyle(root).getPropertyValue(`--kgwb-${name}`).trim();
  }

  function options(root, data) {
    const [ink, edge] = ["ink", "edge"].map((name) => colour(root, name));
    const many = data.edges.length > MANY_EDGES;
    return {
      physics: { enabled: false },
      layout: { improvedLayout: false },
      interaction: { hideEdgesOnDrag: many, hideEdgesOnZoom: many, hover: false, keyboard: { enabled: true, bindToWindow: false } },
      nodes: { borderWidth: 0, borderWidthSelected: 3,
        chosen: { node: (values, id, selected) => { if (selected) { values.borderColor = ink; values.borderWidth = 3; } }, label: false } },
      edges: { smooth: { enabled: false }, width: many ? 0.5 : 0.9, selectionWidth: 1.2, 
        color: { color: edge, highlight: edge, hover: edge, opacity: data.edges.length > 300 ? 0.45 : 0.75 },
        arrows: { to: { enabled: true, scaleFactor: many ? 0.2 : 0.35 } }, selfReference: { size: 14 } },
    };
  }

  function drawLegend(bar, data) {
    const legend = element(bar, "div", "legend");
    for (const [text, shade, shape] of data.legend) {
      const mark = element(element(legend, "span"), "i", shape);
      if (shape === "dot") mark.style.background = shade.startsWith("#") ? shade : `var(--kgwb-${shade})`;
      mark.parentNode.append(text);
    }
  }

  function drawSearch(bar, data, choose) {
    const holder = element(bar, "div", "search");
    const input = element(holder, "input");
    Object.assign(input, { type: "search", placeholder: `Find one of ${data.labels.length.toLocaleString("en")} entities` });
    input.setAttribute("aria-label", "Find an entity");
    const found = element(holder, "div", "found");
    const folded = data.labels.map((label) => label.toLowerCase());
    const pick = (node) => { found.replaceChildren(); input.value = data.labels[node]; choose(node); };
    const search = () => {
      found.replaceChildren();
      const wanted = input.value.trim().toLowerCase();
      if (!wanted) return [];
      const hits = folded.map((label, node) => [label.indexOf(wanted), node]).filter(([at]) => at >= 0)
        .sort((one, other) => one[0] - other[0] || data.degrees[other[1]] - data.degrees[one[1]]).slice(0, 8).map(([, node]) => node);
      for (const node of hits) element(found, "button", "", data.labels[node]).onclick = () => pick(node);
      if (!hits.length) element(found, "button", "", "No label here holds that.").disabled = true;
      return hits;
    };
    input.oninput = search;
    input.onkeydown = (event) => {
      event.stopPropagation();
      if (event.key === "Escape") found.replaceChildren();
      if (event.key !== "Enter") return;
      const hits = search();
      if (hits.length) pick(hits[0]);
    };
  }

  function drawFacts(aside, data, facts, node, choose) {
    aside.replaceChildren();
    if (node === null) {
      element(aside, "p", "", "Choose an entity to read its facts. Drag to move; click the picture, then turn the wheel, to come nearer.");
      return;
    }
    const here = facts.get(node) || [];
    element(aside, "h3", "", data.labels[node]);
    element(aside, "p", "", `${data.types[node]} · ${data.degrees[node].toLocaleString("en")} in the graph, ${here.length.toLocaleString("en")} drawn`);
    if (data.about[node]) element(aside, "p", "", data.about[node]);
    const list = element(aside, "ul");
    for (const edge of here) {
      const item = element(list, "li", edge.dashes ? "predicted" : "");
      for (const end of [edge.from, null, edge.to]) {
        if (end === null) element(item, "span", "relation", ` ${edge.name} → `);
        else if (end === node) item.append(data.labels[end]);
        else element(item, "button", "", data.labels[end]).onclick = () => choose(end);
      }
    }
  }

  function gatherFacts(data) {
    const facts = new Map();
    for (const edge of data.edges)
      for (const end of new Set([edge.from, edge.to])) {
        if (!facts.has(end)) facts.set(end, []);
        facts.get(end).push(edge);
      }
    return facts;
  }

  function addZoom(canvas, network) {
    const zoom = element(canvas, "div", "zoom");
    const whole = () => network.fit({ maxZoomLevel: 1.5 });
    const scale = (factor) => () => network.moveTo({ scale: network.getScale() * factor });
    for (const [sign, name, act] of [["+", "Nearer", scale(1.4)], ["−", "Further", scale(1 / 1.4)], ["◻", "The whole picture", whole]]) {
      const button = element(zoom, "button", "", sign);
      button.setAttribute("aria-label", name);
      button.title = name;
      button.onclick = act;
    }
  }

  const SIDES = [[1, 0], [-1, 0], [0, 1], [0, -1]];

  function overlap(one, other) {
    return one[2] > other[0] && one[0] < other[2] && one[3] > other[1] && one[1] < other[3];
  }

  function cut(text) {
    return text.length > 32 ? `${text.slice(0, 31)}…` : text;
  }

  // Names predicted facts, the best connected entities in view, then other facts, wherever a name covers no other name and no named dot.
  function drawLabels(root, data, network, context) {
    const scale = network.getScale();
    const corner = network.DOMtoCanvas({ x: 0, y: 0 });
    const { width, height } = context.canvas.getBoundingClientRect();
    const view = [corner.x, corner.y, corner.x + width / scale, corner.y + height / scale];
    const { nodes, edges } = network.body;
    const chosen = new Set(network.getSelectedNodes());
    const order = [...chosen, ...data.order.filter((node) => !chosen.has(node))]
      .filter((node) => overlap(view, [nodes[node].x, nodes[node].y, nodes[node].x, nodes[node].y])).slice(0, MOST_LABELS);
    const dots = order.map((node) => { const { x, y, options: { size } } = nodes[node]; return [x - size, y - size, x + size, y + size]; });
    const names = [];
    const write = (text, size, shade, place, blockers) => {
      context.font = `${size / scale}px ${colour(root, "font")}`;
      context.fillStyle = colour(root, shade);
      const wide = context.measureText(text).width;
      const high = (size * 1.2) / scale;
      for (const [left, middle] of place(wide, high)) {
        const box = [left, middle - high / 2, left + wide, middle + high / 2];
        if (box[0] < view[0] || box[1] < view[1] || box[2] > view[2] || box[3] > view[3]) continue;
        if (blockers.some((other) => overlap(other, box)) || names.some((other) => overlap(other, box))) continue;
        names.push(box);
        context.strokeText(text, left, middle);
        context.fillText(text, left, middle);
        return true;
      }
      return false;
    };
    Object.assign(context, { lineJoin: "round", lineWidth: 3 / scale, textBaseline: "middle", textAlign: "left", strokeStyle: colour(root, "paper") });
    const near = (edge) => chosen.has(edge.from) || chosen.has(edge.to);
    const said = new Set(); // the second of two facts that say the same both ways is not named again
    const nameEdges = (some, blockers) => {
      for (const edge of some.slice(0, NAMED_EDGES)) {
        const words = [Math.min(edge.from, edge.to), Math.max(edge.from, edge.to), edge.name].join();
        if (said.has(words)) continue;
        said.add(words);
        const { x, y } = edges[edge.id].edgeType.getPoint(0.5);
        write(cut(edge.name), 10.5, "edge", (wide) => [[x - wide / 2, y]], blockers);
      }
    };
    nameEdges(data.edges.filter((edge) => edge.dashes), []);
    order.forEach((node, rank) => {
      const { x, y, options: { size } } = nodes[node];
      const place = (wide, high) => SIDES.map(([across, down]) => [x + across * (size + 4 / scale) - (wide * (1 - across)) / 2, y + down * (size + high * 0.6)]);
      const others = dots.filter((_, i) => i !== rank);
      const text = cut(data.labels[node]);
      // The most important names may stand on the dot of a lesser one rather than be missing.
      if (!write(text, 12.5, "ink", place, others) && (rank < 12 || chosen.has(node))) write(text, 12.5, "ink", place, []);
    });
    const shown = data.edges.filter((edge) => near(edge) || scale * scale > (data.edges.length - 1) / NAMED_EDGES);
    nameEdges(shown.sort((one, other) => near(other) - near(one)), dots);
  }

  // The page scrolls under the wheel until the picture has been clicked.
  function guardWheel(canvas) {
    let inside = false;
    canvas.addEventListener("pointerdown", () => { inside = true; });
    canvas.addEventListener("pointerleave", () => { inside = false; });
    canvas.addEventListener("wheel", (event) => { if (!inside && !event.ctrlKey) event.stopPropagation(); }, { capture: true, passive: true });
  }

  function followTheme(act) {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", act);
    for (const node of [document.documentElement, document.body])
      new MutationObserver(act).observe(node, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  }

  // In a notebook the page stands in a frame, which passes on the theme and makes room for the whole page.
  function talkToFrame() {
    if (parent === window) return () => {};
    const tell = (kind, more) => parent.postMessage({ kgwb: kind, ...more }, "*");
    addEventListener("message", (event) => {
      if (event.source === parent && event.data?.kgwb === "theme" && event.data.light)
        document.documentElement.dataset.jpThemeLight = event.data.light;
    });
    new ResizeObserver(() => tell("height", { height: document.body.scrollHeight + 4 })).observe(document.body);
    tell("ready", {});
    return (ids) => tell("selected", { entities: ids });
  }

  function draw(root) {
    const report = talkToFrame();
    const data = JSON.parse(root.querySelector("script").textContent);
    const bar = element(root, "div", "bar");
    const row = element(root, "div", "row");
    const canvas = element(row, "div", "canvas");
    const plane = element(canvas, "div", "plane");
    const aside = element(row, "aside");
    const network = new vis.Network(plane, { nodes: new vis.DataSet(data.nodes), edges: new vis.DataSet(data.edges) }, options(root, data));
    const facts = gatherFacts(data);
    const select = (node) => {
      drawFacts(aside, data, facts, node, choose);
      report(node === null ? [] : [data.ids[node]]);
    };
    const choose = (node) => {
      network.selectNodes([node]);
      network.focus(node, { scale: Math.max(network.getScale(), Math.min(5, Math.sqrt(data.nodes.length / 150))), animation: { duration: 300, easingFunction: "easeInOutQuad" } });
      select(node);
    };
    drawSearch(bar, data, choose);
    drawLegend(bar, data);
    addZoom(canvas, network);
    guardWheel(canvas);
    network.on("click", (event) => select(event.nodes.length ? event.nodes[0] : null));
    followTheme(() => network.setOptions(options(root, data)));
    network.on("afterDrawing", (context) => drawLabels(root, data, network, context));
    network.fit({ maxZoomLevel: 1.5 });
    if (data.centre.length) network.selectNodes(data.centre);
    drawFacts(aside, data, facts, data.centre.length === 1 ? data.centre[0] : null, choose);
  }

  return { draw };
})();
