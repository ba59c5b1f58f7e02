// Builds each view src/<name>/<name>.{js,css} into ../assets, or into the folder given.
import { existsSync, readdirSync } from "node:fs";
import { build } from "esbuild";

const folder = process.argv[2] ?? "../assets";
const target = ["chrome111", "firefox113", "safari16.4"]; // the first with color-mix
const shared = { bundle: true, minify: true, charset: "utf8", target };

// Widgets load modules, pages hold plain scripts, which leave one name. Each file is both: Python drops its last line.
for (const name of readdirSync("src").filter((each) => each !== "shared")) {
  const [globalName, entry] = [`kgwb_${name}`, `src/${name}/${name}`];
  const footer = { js: `export default ${globalName}.default;` };
  await build({
    ...shared,
    format: "iife",
    globalName,
    footer,
    entryPoints: [`${entry}.js`],
    outfile: `${folder}/${name}.js`,
  });
  if (existsSync(`${entry}.css`))
    await build({ ...shared, entryPoints: [`${entry}.css`], outfile: `${folder}/${name}.css` });
}
