/**
 * Prints figures on how `src` is divided into modules. Run by `npm run check`. Figures outside their range are only warnings:
 * modules are divided by subject, and the figures show where to look.
 */
import { readdirSync, readFileSync } from "node:fs"

const expected = { files: [180, 320], median: [80, 200], longest: [0, 350], imports: [0, 9] }

const modules = readdirSync("src", { recursive: true })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => {
    const lines = readFileSync(`src/${path}`, "utf8").split("\n").slice(0, -1)
    return { path, length: lines.length, imports: importLines(lines) }
  })
  .toSorted((one, other) => one.length - other.length)

/** Lines of import declarations, those of several lines included. */
function importLines(lines) {
  let count = 0
  let isOpen = false
  for (const line of lines) {
    isOpen ||= /^import\b/.test(line)
    if (isOpen) count++
    if (/(?:from )?"[^"]+"$/.test(line)) isOpen = false
  }
  return count
}

const sum = (pick) => modules.reduce((total, module) => total + pick(module), 0)
const longest = modules.at(-1)
const figures = {
  files: modules.length,
  median: modules[modules.length >> 1].length,
  longest: longest.length,
  imports: Math.round((1000 * sum(({ imports }) => imports)) / sum(({ length }) => length)) / 10
}

console.log(
  `structure: ${figures.files} modules, median ${figures.median} lines, longest ${figures.longest} (src/${longest.path}), ` +
    `${figures.imports} % import lines`
)
for (const [name, [floor, ceiling]] of Object.entries(expected)) {
  const figure = figures[name]
  if (figure < floor || figure > ceiling) console.log(`warning: ${name} is ${figure}, expected ${floor} to ${ceiling}`)
}
