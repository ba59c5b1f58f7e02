// Builds each view src/<name>/<name>.{js,css} into ../assets, or into the folder given.
import { existsSync } from "node:fs";
import { build } from "esbuild";

const folder = process.argv[2] ?? "../assets";
const target = ["chrome111", "firefox113", "safari16.4"]; // the first with color-mix

// Pages hold plain scripts, which leave one name; widgets load modules. Attention is both: Python drops its last line.
const script = (globalName) => ({ format: "iife", globalName });
const views = {
  attention: { ...script("kgwb_attention"), footer: { js: "export default kgwb_attention.default;" } },
  film: script("kgwbFilm"),
  frame: { format: "esm" },
  graph: script("kgwbGraph"),
  space: script("kgwbSpace"),
  training: { format: "esm" },
};

for (const [name, form] of Object.entries(views)) {
  const shared = { bundle: true, minify: true, charset: "utf8", target };
  await build({ ...shared, ...form, entryPoints: [`src/${name}/${name}.js`], outfile: `${folder}/${name}.js` });
  const style = `src/${name}/${name}.css`;
  if (existsSync(style)) await build({ ...shared, entryPoints: [style], outfile: `${folder}/${name}.css` });
}
