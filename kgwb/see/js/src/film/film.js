// Plays the film that stands as JSON in its element: dots that move from frame to frame. Labels reach the page as text only.
const kgwbFilm = (() => {
  const LENGTH = 9000; // milliseconds of the whole film, where its frames allow it
  const STEPS = 32767;
  let films = 0;

  function element(parent, tag, className, text) {
    const made = parent.appendChild(document.createElement(tag));
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function unpack(data) {
    const letters = atob(data.points);
    const bytes = new Uint8Array(letters.length);
    for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
    const view = new DataView(bytes.buffer);
    const steps = new Float32Array(letters.length / 2);
    for (let i = 0; i < steps.length; i++) steps[i] = view.getInt16(2 * i, true) / STEPS;
    return steps;
  }

  // Where a dot is at a time between two frames, as a share of the widest reach or of this moment's.
  function placeDot(data, steps, time, filled, i) {
    const before = Math.floor(time);
    const after = Math.min(before + 1, data.names.length - 1);
    const blend = (from, to) => from + (to - from) * (time - before);
    const scale = filled ? blend(data.reach[before], data.reach[after]) : Math.max(...data.reach);
    const [from, to] = [before, after].map((frame) => 2 * (frame * data.labels.length + i));
    return [0, 1].map((axis) => blend(steps[from + axis] * data.reach[before], steps[to + axis] * data.reach[after]) / scale);
  }

  function overlap(one, other) {
    return one[0] < other[2] && one[2] > other[0] && one[1] < other[3] && one[3] > other[1];
  }

  function followTheme(act) {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", act);
    for (const node of [document.documentElement, document.body])
      new MutationObserver(act).observe(node, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  }

  // In a notebook the page stands in a frame, which passes on the theme and makes room for the whole page.
  function talkToFrame() {
    if (parent === window) return;
    const tell = (kind, more) => parent.postMessage({ kgwb: kind, ...more }, "*");
    addEventListener("message", (event) => {
      if (event.source === parent && event.data?.kgwb === "theme" && event.data.light)
        document.documentElement.dataset.jpThemeLight = event.data.light;
    });
    new ResizeObserver(() => tell("height", { height: document.body.scrollHeight + 4 })).observe(document.body);
    tell("ready", {});
  }

  function build(root, data) {
    const now = element(root, "div", "now");
    const parts = { name: element(now, "strong"), trust: element(now, "span"), canvas: element(root, "canvas") };
    Object.assign(parts.canvas, { tabIndex: 0 });
    parts.canvas.setAttribute("role", "img");
    const bar = element(root, "div", "bar");
    parts.play = element(bar, "button", "", "▶ Play");
    parts.play.type = "button";
    parts.slider = element(bar, "input");
    Object.assign(parts.slider, { type: "range", min: 0, max: data.names.length - 1, step: 1, value: data.names.length - 1 });
    parts.slider.setAttribute("aria-label", "Frame");
    const more = element(root, "div", "bar");
    const fill = element(more, "label");
    parts.fill = element(fill, "input");
    parts.fill.type = "checkbox";
    fill.append("Every frame fills the picture");
    parts.find = element(more, "input");
    Object.assign(parts.find, { type: "search", placeholder: `Find one of ${data.labels.length.toLocaleString("en")}` });
    parts.find.setAttribute("aria-label", "Find an entity");
    const list = element(more, "datalist");
    list.id = `kgwb-film-${(films += 1)}`;
    for (const label of [...new Set(data.labels)]) element(list, "option").value = label;
    parts.find.setAttribute("list", list.id);
    parts.chosen = element(root, "div", "chosen");
    const legend = element(root, "div", "legend");
    for (const [text, shade] of data.legend) {
      const mark = element(legend, "span");
      element(mark, "i").style.background = shade.startsWith("#") ? shade : `var(--kgwb-${shade})`;
      mark.append(text);
    }
    return parts;
  }

  function draw(root) {
    talkToFrame();
    const data = JSON.parse(root.querySelector("script").textContent);
    const steps = unpack(data);
    const parts = build(root, data);
    const last = data.names.length - 1;
    const still = matchMedia("(prefers-reduced-motion: reduce)");
    const each = Math.min(900, Math.max(60, LENGTH / Math.max(1, last)));
    const state = { time: last, playing: false, begun: 0, from: 0, chosen: new Set(data.ringed), near: -1 };
    let side = 0;

    function pixel(i, time = state.time) {
      const [across, up] = placeDot(data, steps, time, parts.fill.checked, i);
      return [side / 2 + across * side * 0.46, side / 2 - up * side * 0.46];
    }

    function drawTrails(context, ink) {
      context.strokeStyle = ink;
      context.lineWidth = 1;
      context.globalAlpha = 0.55;
      for (const i of state.chosen) {
        context.beginPath();
        for (let at = 0; at < state.time; at++) context.lineTo(...pixel(i, at));
        context.lineTo(...pixel(i));
        context.stroke();
      }
      context.globalAlpha = 1;
    }

    function drawNames(context, ink, paper) {
      const taken = [];
      const order = [...state.chosen, ...(state.near >= 0 ? [state.near] : []), ...(state.playing ? [] : data.named)];
      context.font = `12px ${getComputedStyle(root).fontFamily}`;
      context.lineJoin = "round";
      for (const i of new Set(order)) {
        const text = data.labels[i].length > 32 ? `${data.labels[i].slice(0, 31)}…` : data.labels[i];
        const [x, y] = pixel(i);
        const wide = context.measureText(text).width;
        const sides = [x + 8, x - 8 - wide].map((left) => [left, y - 8, left + wide, y + 8]);
        const free = sides.find((box) => box[0] > 2 && box[2] < side - 2 && !taken.some((other) => overlap(box, other)));
        if (!free && !state.chosen.has(i) && i !== state.near) continue;
        const box = free ?? sides[x > side / 2 ? 1 : 0];
        taken.push(box);
        context.lineWidth = 3;
        context.strokeStyle = paper;
        context.strokeText(text, box[0], y + 4);
        context.fillStyle = ink;
        context.fillText(text, box[0], y + 4);
      }
    }

    function paint() {
      const { canvas } = parts;
      const ratio = devicePixelRatio || 1;
      side = canvas.clientWidth;
      const dots = Math.round(side * ratio);
      if (canvas.width !== dots) Object.assign(canvas, { width: dots, height: dots });
      const style = getComputedStyle(root);
      const [ink, paper] = ["ink", "paper"].map((name) => style.getPropertyValue(`--kgwb-${name}`).trim());
      const context = canvas.getContext("2d");
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, side, side);
      drawTrails(context, ink);
      for (let i = 0; i < data.labels.length; i++) {
        const [x, y] = pixel(i);
        context.beginPath();
        context.arc(x, y, data.radius, 0, 2 * Math.PI);
        context.fillStyle = data.shades[data.colours[i]];
        context.fill();
        context.lineWidth = 0.75;
        context.strokeStyle = paper;
        context.stroke();
      }
      context.strokeStyle = ink;
      context.lineWidth = 1.5;
      for (const i of state.chosen) {
        context.beginPath();
        context.arc(...pixel(i), data.radius + 3, 0, 2 * Math.PI);
        context.stroke();
      }
      drawNames(context, ink, paper);
      write();
    }

    function write() {
      const at = Math.round(state.time);
      parts.name.textContent = data.names[at];
      parts.trust.textContent = `trustworthiness ${data.trust[at].toFixed(2)} · keeps ${Math.round(100 * data.variance[at])} % of the variance · reaches ${Number((data.reach[at]).toPrecision(2))}`;
      parts.slider.value = at;
      parts.slider.setAttribute("aria-valuetext", data.names[at]);
      parts.canvas.setAttribute("aria-label", `Map of ${data.labels.length} entities, ${data.names[at]}`);
      parts.play.textContent = state.playing ? "❚❚ Pause" : "▶ Play";
      const told = [...state.chosen].map((i) => `${data.labels[i]} (${data.types[i]})`).join(", ");
      parts.chosen.textContent = told ? `Followed: ${told}` : "Choose a dot, or find one, to follow its way.";
    }

    function step(moment) {
      if (!state.playing) return;
      // The moment is when the frame began, which may be before the click in it.
      const time = Math.min(last, state.from + Math.max(0, moment - state.begun) / each);
      state.time = still.matches ? Math.floor(time) : time;
      if (time >= last) Object.assign(state, { playing: false, time: last });
      paint();
      if (state.playing) requestAnimationFrame(step);
    }

    function turn(playing) {
      if (playing && state.time >= last) state.time = 0;
      Object.assign(state, { playing: playing && last > 0, begun: performance.now(), from: state.time });
      if (state.playing) requestAnimationFrame(step);
      paint();
    }

    function go(frame) {
      Object.assign(state, { playing: false, time: Math.min(last, Math.max(0, frame)) });
      paint();
    }

    function nearest(event) {
      const box = parts.canvas.getBoundingClientRect();
      const [x, y] = [event.clientX - box.left, event.clientY - box.top];
      let [found, least] = [-1, 144];
      for (let i = 0; i < data.labels.length; i++) {
        const [u, v] = pixel(i);
        const far = (u - x) ** 2 + (v - y) ** 2;
        if (far < least) [found, least] = [i, far];
      }
      return found;
    }

    function follow(i) {
      if (i < 0) return;
      if (!state.chosen.delete(i)) state.chosen.add(i);
      paint();
    }

    parts.play.addEventListener("click", () => turn(!state.playing));
    parts.slider.addEventListener("input", () => go(Number(parts.slider.value)));
    parts.fill.addEventListener("change", paint);
    parts.find.addEventListener("change", () => {
      const wanted = parts.find.value.trim().toLowerCase();
      const folded = data.labels.map((label) => label.toLowerCase());
      const exact = folded.indexOf(wanted);
      const found = exact >= 0 ? exact : folded.findIndex((label) => wanted && label.includes(wanted));
      if (found >= 0 && !state.chosen.has(found)) follow(found);
    });
    parts.canvas.addEventListener("click", (event) => follow(nearest(event)));
    parts.canvas.addEventListener("pointermove", (event) => {
      const near = nearest(event);
      if (near === state.near) return;
      state.near = near;
      if (!state.playing) paint();
    });
    parts.canvas.addEventListener("pointerleave", () => { state.near = -1; if (!state.playing) paint(); });
    parts.canvas.addEventListener("keydown", (event) => {
      const keys = { " ": () => turn(!state.playing), ArrowRight: () => go(Math.round(state.time) + 1), ArrowLeft: () => go(Math.round(state.time) - 1),
        Home: () => go(0), End: () => go(last) };
      if (!keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });
    followTheme(paint);
    new ResizeObserver(paint).observe(parts.canvas);
    paint();
  }

  return { draw };
})();
