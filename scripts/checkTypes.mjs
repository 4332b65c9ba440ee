/**
 * `npm run check:types`: checks all types, with the diagnostics of Effect's language service in the same run. They need a
 * patched compiler, so a copy of TypeScript is patched and `node_modules/typescript` stays as it was installed.
 */
import { spawnSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs"

const versionOf = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version
const copy = `node_modules/.cache/typescript-${versionOf("typescript")}-${versionOf("@effect/language-service")}`

const run = (command, ...args) => {
  const { status } = spawnSync(command, args, { stdio: "inherit" })
  if (status !== 0) process.exit(status ?? 1)
}

if (!existsSync(copy)) {
  const unfinished = `${copy}-unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync("node_modules/.cache", { recursive: true })
  cpSync("node_modules/typescript", unfinished, { recursive: true })
  run("node_modules/.bin/effect-language-service", "patch", "--dir", unfinished, "--module", "tsc", "--log-level", "error")
  cpSync(unfinished, copy, { recursive: true })
  rmSync(unfinished, { recursive: true })
}
run(process.execPath, `${copy}/lib/tsc.js`, "--noEmit")
