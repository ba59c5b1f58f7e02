// Builds each view src/<name>/<name>.{js,css} into ../assets, or into the folder given.
import { existsSync, readdirSync } from "node:fs";
import { build } from "esbuild";

const folder = process.argv[2] ?? "../assets";
const target = ["chrome111", "firefox113", "safari16.4"]; // the first with color-mix
const shared = { bundle: true, minify: true, charset: "utf8", target };

// Widgets load modules, pages hold plain scripts, which leave one name. Each file is both: Python drops its last line.
const both = (name) => ({
  format: "iife",
  globalName: `kgwb_${name}`,
  footer: { js: `export default kgwb_${name}.default;` },
});
const others = {
  frame: { format: "esm" },
  graph: { format: "iife", globalName: "kgwbGraph" },
  training: { format: "esm" },
};

for (const name of readdirSync("src").filter((folder) => folder !== "shared")) {
  const entry = `src/${name}/${name}`;
  await build({
    ...shared,
    ...(others[name] ?? both(name)),
    entryPoints: [`${entry}.js`],
    outfile: `${folder}/${name}.js`,
  });
  if (existsSync(`${entry}.css`))
    await build({ ...shared, entryPoints: [`${entry}.css`], outfile: `${folder}/${name}.css` });
}
