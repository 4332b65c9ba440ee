/**
 * Checks the links between the pages of this repository: that each file exists, and each heading that a link names.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const pagesIn = (folder) =>
  readdirSync(join(root, folder)).filter((name) => name.endsWith(".md")).map((name) => join(root, folder, name))

const withoutCode = (text) => text.replaceAll(/^```[^]*?^```$/gm, "")

/** A heading's anchor, as code hosts make it. */
const anchorOf = (heading) =>
  heading.toLowerCase().replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").trim()
    .replaceAll(/\s/g, "-")

const anchorsIn = (text) =>
  new Set(Array.from(withoutCode(text).matchAll(/^#{1,6} (.+)$/gm), ([, heading]) => anchorOf(heading)))

const problemOf = (page, link) => {
  const [path, anchor] = link.split("#")
  const target = path === "" ? page : join(dirname(page), path)
  if (!existsSync(target)) return "no such file"
  if (anchor === undefined || statSync(target).isDirectory()) return undefined
  return anchorsIn(readFileSync(target, "utf8")).has(anchor) ? undefined : "no such heading"
}

const links = [...pagesIn("."), ...pagesIn("docs")].flatMap((page) => {
  const text = withoutCode(readFileSync(page, "utf8")).replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll("](", ""))
  const found = Array.from(text.matchAll(/\]\((?<link>[^)\s]+)\)/g), ({ groups }) => groups.link)
  return found.filter((link) => !/^[a-z]+:/.test(link)).map((link) => ({ page, link, problem: problemOf(page, link) }))
})
const problems = links.filter(({ problem }) => problem !== undefined)

for (const { link, page, problem } of problems) {
  process.stdout.write(`${relative(root, page)}: ${link}: ${problem}\n`)
}
process.stdout.write(`${links.length} links, ${problems.length} problems\n`)
process.exitCode = problems.length === 0 ? 0 : 1
