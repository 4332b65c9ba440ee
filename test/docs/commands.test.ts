import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { groups } from "../../src/cli/commands.js"

const root = new URL("../../", import.meta.url).pathname
const entries = groups.flatMap(({ commands }) => commands)

const pages = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const docs = yield* fs.readDirectory(`${root}docs`)
  const names = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    ...docs.filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`)
  ]
  return yield* Effect.forEach(
    names,
    (name) => Effect.map(fs.readFileString(`${root}${name}`), (text) => ({ name, text }))
  )
})

/** Finds the uses of the command in `sh` blocks and inline code. Returns the words after its name. */
const usesIn = (text: string): ReadonlyArray<ReadonlyArray<string>> => {
  const blocks = Array.from(text.matchAll(/^```sh\n([^]*?)^```$/gm), ([, code = ""]) => code.replaceAll(/\\\n/g, " "))
  const inline = Array.from(text.replaceAll(/^```[^]*?^```$/gm, "").matchAll(/`([^`\n]+)`/g), ([, code = ""]) => code)
  return [...blocks.flatMap((code) => code.split("\n")), ...inline].flatMap((line) => {
    const [, words] = /^(?:\w+=\S+ )*(?:npx )?langswarm-session ([^#|<>&]+)/.exec(line.trim()) ?? []
    return words === undefined ? [] : [words.replaceAll(/"[^"]*"/g, "TEXT").trim().split(/\s+/)]
  })
}

const findProblem = Effect.fnUntraced(function*([name = "", ...words]: ReadonlyArray<string>) {
  if (["help", "--help", "--version"].includes(name)) return undefined
  const entry = entries.find((entry) => entry.name === name)
  if (entry === undefined) return `unknown command ${name}`
  const { options } = yield* Effect.promise(entry.load)
  const known = new Set([
    "--help",
    "-h",
    ...options.flatMap(({ alias, name }) => alias === undefined ? [name] : [name, alias])
  ])
  const unknown = words.map((word) => word.split("=")[0] ?? word).filter((word) =>
    /^--?[a-z]/.test(word) && !known.has(word)
  )
  return unknown.length === 0 ? undefined : `${name} has no option ${unknown.join(", ")}`
})

describe("the documentation", () => {
  it.effect("uses commands and options that exist", () =>
    Effect.gen(function*() {
      const uses = (yield* pages).flatMap(({ name, text }) => usesIn(text).map((words) => ({ name, words })))
      assert.isAbove(uses.length, 10)
      const problems = yield* Effect.forEach(uses, ({ name, words }) =>
        Effect.map(findProblem(words), (problem) =>
          problem === undefined ? [] : [`${name}: ${problem}`]))
      assert.deepStrictEqual(problems.flat(), [])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.effect("has every environment variable of the command in docs/configuration.md", () =>
    Effect.gen(function*() {
      const commands = yield* Effect.forEach(entries, ({ load }) => Effect.promise(load))
      const variables = [
        ...commands.flatMap(({ environment }) => environment.map(([variable]) => variable)),
        ...commands.flatMap(({ options }) => options.flatMap(({ variable = [] }) => variable))
      ]
      const configuration = (yield* pages).find(({ name }) => name === "docs/configuration.md")?.text ?? ""
      assert.deepStrictEqual(
        [...new Set(variables)].filter((variable) => !configuration.includes(`\`${variable}\``)),
        []
      )
    }).pipe(Effect.provide(NodeContext.layer)))
})
