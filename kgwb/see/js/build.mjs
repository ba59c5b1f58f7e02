// Builds ../assets from src: one module that is also a plain script (Python drops its last line for exported pages).
import { build } from "esbuild";

const folder = process.argv[2] ?? "../assets";
const target = ["chrome111", "firefox113", "safari16.4"]; // the first with color-mix

await build({
  entryPoints: ["src/attention.js"],
  outfile: `${folder}/attention.js`,
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "kgwb_attention",
  footer: { js: "export default kgwb_attention.default;" },
  charset: "utf8",
  target,
});
await build({
  entryPoints: ["src/attention.css"],
  outfile: `${folder}/attention.css`,
  minify: true,
  charset: "utf8",
  target,
});
