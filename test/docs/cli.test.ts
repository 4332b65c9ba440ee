import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { groups } from "../../src/cli/commands.js"

const page = new URL("../../docs/cli.md", import.meta.url).pathname

describe("docs/cli.md", () => {
  it.effect("has each command with its example, options, defaults and environment variables", () =>
    Effect.gen(function*() {
      const text = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(page))
      const sections = new Map(text.split(/^### /m).slice(1).map((part) => [part.split("\n")[0], part]))
      // Options of all commands are in the sections before the first command.
      const [introduction = ""] = text.split(/^### /m)
      const entries = groups.flatMap(({ commands }) => commands)
      assert.deepStrictEqual([...sections.keys()], entries.map(({ name }) => name))
      for (const { example, load, name } of entries) {
        const section = sections.get(name) ?? ""
        assert.include(section, `npx ${example}\n`)
        const { arguments: args, environment, options } = yield* Effect.promise(load)
        for (const option of [...args, ...options]) {
          const row = `${section}\n${introduction}`.split("\n").find((line) =>
            line.startsWith("|") && new RegExp(`${option.name}[ \`]`).test(line.split("|")[1] ?? "")
          )
          assert.isDefined(row, `${name} ${option.name}`)
          if (option.defaultValue !== undefined) assert.include(row, option.defaultValue, `${name} ${option.name}`)
          if (option.variable !== undefined) assert.include(row, option.variable, `${name} ${option.name}`)
        }
        for (const [variable] of environment) assert.include(introduction, `\`${variable}\``)
      }
    }).pipe(Effect.provide(NodeContext.layer)))
})
