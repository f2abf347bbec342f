// Writes what the panel takes from the npm registry into one folder: node build.mjs <folder>
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const out = process.argv[2] ?? join(here, "..", "regie_ui", "static", "vendor");
const { dependencies } = JSON.parse(await readFile(join(here, "package.json"), "utf8"));

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await build({
  entryPoints: [join(here, "src", "vendor.js")],
  outfile: join(out, "htmx.js"),
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  legalComments: "none",
});
const font = "inter-latin-wght-normal.woff2";
await cp(join(here, "node_modules", "@fontsource-variable", "inter", "files", font), join(out, "inter.woff2"));
const countries = join(here, "node_modules", "@ip-location-db", "dbip-country-mmdb", "dbip-country.mmdb");
await mkdir(join(out, "geo"));
await cp(countries, join(out, "geo", "country.mmdb"));
await writeFile(join(out, "THIRD_PARTY.txt"), await licences(Object.keys(dependencies)));

/** The full licence text of each dependency: minified bundles keep none of it. */
async function licences(names) {
  const parts = await Promise.all(names.map(async (name) => {
    const folder = join(here, "node_modules", name);
    const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((entry) => /licen[cs]e/i.test(entry));
    if (!file) throw new Error(`${name} ships no licence file`);
    return `${name} ${version} (${license})\n\n${(await readFile(join(folder, file), "utf8")).trim()}\n`;
  }));
  return parts.join(`\n${"-".repeat(72)}\n\n`);
}
