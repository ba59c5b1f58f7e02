// Points by the graphics card: one vertex a point, its mark copied from the atlas.

/** @import { Atlas, Painter } from "./atlas.js" */

const VERTEX = `#version 300 es
in vec2 place;
in uint tile;
in float strength;
uniform vec2 scale;
uniform vec2 shift;
uniform float side;
uniform int columns;
uniform int only;
flat out vec2 corner;
flat out float shown;
void main() {
  int wanted = only < 0 ? int(tile) : only;
  corner = vec2(float(wanted % columns), float(wanted / columns));
  shown = only < 0 ? strength : 1.0;
  gl_PointSize = side;
  gl_Position = strength > 0.0 ? vec4(place * scale + shift, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
}`;
const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
uniform sampler2D atlas;
uniform int columns;
flat in vec2 corner;
flat in float shown;
out vec4 colour;
void main() {
  colour = texture(atlas, (corner + gl_PointCoord) / float(columns)) * shown;
}`;

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {Painter | null} null where there is no WebGL2
 */
export function openCard(canvas) {
  const gl = canvas.getContext("webgl2", { antialias: false, premultipliedAlpha: true, preserveDrawingBuffer: true });
  const program = gl && link(gl);
  if (!gl || !program) return null;
  const names = ["scale", "shift", "side", "columns", "only"];
  const uniforms = Object.fromEntries(names.map((name) => [name, gl.getUniformLocation(program, name)]));
  const buffers = {
    /** @type {WebGLBuffer[]} */
    places: [],
    /** @type {WebGLBuffer[]} */
    strengths: [],
    tiles: gl.createBuffer(),
    chosen: gl.createBuffer(),
  };
  const textures = { marks: gl.createTexture(), ring: gl.createTexture() };
  let [count, rings] = [0, 0];
  /** @type {Atlas | null} */
  let marks = null;
  gl.useProgram(program);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);

  /**
   * @param {WebGLBuffer} buffer
   * @param {ArrayBufferView} data
   */
  const load = (buffer, data, /** @type {number} */ kind = gl.ARRAY_BUFFER) => {
    gl.bindBuffer(kind, buffer);
    gl.bufferData(kind, data, gl.DYNAMIC_DRAW);
  };
  /**
   * @param {WebGLTexture} texture
   * @param {HTMLCanvasElement} source
   */
  const copy = (texture, source) => {
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, source);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.LINEAR);
    for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE);
  };
  /**
   * What is drawn next: the marks of all points, or the ring of some.
   * @param {WebGLTexture} texture
   * @param {number} side
   * @param {number} columns
   * @param {number} only
   */
  const take = (texture, side, columns, only) => {
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.uniform1f(uniforms.side, side);
    gl.uniform1i(uniforms.columns, columns);
    gl.uniform1i(uniforms.only, only);
  };
  /** @param {number} map */
  const bind = (map) => {
    const [place, tile, strength] = ["place", "tile", "strength"].map((name) => gl.getAttribLocation(program, name));
    for (const at of [place, tile, strength]) gl.enableVertexAttribArray(at);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers.places[map]);
    gl.vertexAttribPointer(place, 2, gl.FLOAT, false, 0, 0);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers.tiles);
    gl.vertexAttribIPointer(tile, 1, gl.UNSIGNED_SHORT, 0, 0);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers.strengths[map]);
    gl.vertexAttribPointer(strength, 1, gl.UNSIGNED_BYTE, true, 0, 0);
  };

  return {
    setPlaces(map, points) {
      count = points.length / 2;
      buffers.places[map] ??= gl.createBuffer();
      load(buffers.places[map], points);
    },
    setStrengths(map, strengths) {
      buffers.strengths[map] ??= gl.createBuffer();
      load(buffers.strengths[map], strengths);
    },
    setTiles: (tiles) => load(buffers.tiles, tiles),
    setChosen(chosen) {
      rings = chosen.length;
      load(buffers.chosen, Uint32Array.from(chosen), gl.ELEMENT_ARRAY_BUFFER);
    },
    setAtlas(atlas) {
      marks = atlas;
      copy(textures.marks, atlas.canvas);
      copy(textures.ring, atlas.ring);
    },
    draw(views, { width, height, ratio }) {
      if (!marks) return;
      gl.disable(gl.SCISSOR_TEST);
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.enable(gl.SCISSOR_TEST);
      const { tile, columns, ring } = marks;
      views.forEach(({ panel, lens }, map) => {
        bind(map);
        const [left, low] = [panel.left * ratio, (height - panel.top - panel.height) * ratio];
        gl.scissor(
          Math.round(left),
          Math.round(low),
          Math.round(panel.width * ratio),
          Math.round(panel.height * ratio),
        );
        gl.uniform2f(uniforms.scale, (2 * lens.scale) / width, (2 * lens.scale) / height);
        gl.uniform2f(uniforms.shift, (2 * lens.left) / width - 1, 1 - (2 * lens.top) / height);
        take(textures.marks, tile, columns, -1);
        gl.drawArrays(gl.POINTS, 0, count);
        if (!rings) return;
        take(textures.ring, ring.width, 1, 0);
        gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, buffers.chosen);
        gl.drawElements(gl.POINTS, rings, gl.UNSIGNED_INT, 0);
      });
      gl.flush();
    },
    // reading one pixel waits for the drawing; browsers take finish() for a hint
    finish: () => gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4)),
    // a browser keeps few contexts at a time, and closes the oldest of too many
    close: () => gl.getExtension("WEBGL_lose_context")?.loseContext(),
  };
}

/** @param {WebGL2RenderingContext} gl */
function link(gl) {
  const program = gl.createProgram();
  for (const [kind, source] of /** @type {[number, string][]} */ ([
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ])) {
    const shader = gl.createShader(kind);
    if (!shader) return null;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  return gl.getProgramParameter(program, gl.LINK_STATUS) ? program : null;
}
