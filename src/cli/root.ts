import * as Effect from "effect/Effect"
import type { CommandEntry, CommandEnvironment } from "./command.js"
import { groups } from "./commands.js"
import { commandHelp, rootHelp } from "./help.js"
import { reportError } from "./run.js"
import { boldStyle, print } from "./Streams.js"
import { suggest, UsageError } from "./usage.js"
import { version } from "./version.js"

/**
 * The command `langswarm-session`, with the words that follow its name. Errors are reported on standard error, and then fail
 * the effect: `exitCode` turns them into the exit code.
 */
export const root = (words: ReadonlyArray<string>): Effect.Effect<void, Error, CommandEnvironment> =>
  dispatch(words).pipe(
    Effect.tapError(reportError(words.includes("--json"))),
    Effect.tapDefect((cause) => Effect.logFatal("langswarm-session has a defect", cause))
  )

const dispatch = ([first, ...rest]: ReadonlyArray<string>): Effect.Effect<void, Error, CommandEnvironment> => {
  if (first === "--version") return print(version)
  const [name, words] = first === "help" ? [rest[0], ["--help"]] : [first, rest]
  if (name === undefined || isHelp(name)) return Effect.flatMap(boldStyle, (bold) => print(rootHelp(groups, bold)))
  return Effect.gen(function*() {
    const entry = yield* findEntry(name)
    const command = yield* Effect.promise(entry.load)
    if (asksForHelp(words)) return yield* print(commandHelp(entry, command, yield* boldStyle))
    yield* Effect.mapError(command.run(words), (error) => error instanceof UsageError ? withHelp(error, name) : error)
  })
}

const isHelp = (word: string) => word === "--help" || word === "-h"

const asksForHelp = (words: ReadonlyArray<string>) => {
  const end = words.indexOf("--")
  return words.slice(0, end < 0 ? words.length : end).some(isHelp)
}

const findEntry = (name: string): Effect.Effect<CommandEntry, UsageError> => {
  const entries = groups.flatMap(({ commands }) => commands)
  const found = entries.find((entry) => entry.name === name)
  if (found !== undefined) return Effect.succeed(found)
  const problem = name.startsWith("-")
    ? `unknown option "${name}" before the command: options follow the command's name`
    : `unknown command "${name}"`
  const hint = suggest(name, [...entries.map((entry) => entry.name), "--help", "--version"])
  return Effect.fail(new UsageError({ problem, hint: hint || "langswarm-session --help lists the commands" }))
}

/** An error that has no hint of its own gets the way to the command's help. */
const withHelp = ({ hint, problem }: UsageError, name: string) =>
  new UsageError({ problem, hint: hint || `see langswarm-session ${name} --help` })
