import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { createInterface } from "node:readline"
import type { Readable, Writable } from "node:stream"

type Terminal = { readonly isTTY?: boolean; readonly columns?: number }

/**
 * Standard input, output and error of a command. The process's own in `main`; a test passes others.
 */
export class Streams extends Context.Tag("langswarm-session/cli/Streams")<Streams, {
  readonly stdin: Readable & Terminal
  readonly stdout: Writable & Terminal
  readonly stderr: Writable & Terminal
}>() {}

/** Ends once the stream has taken the text. A stream that is closed drops it: `runMain` reacts to that. */
const write = (stream: Writable, text: string): Effect.Effect<void> =>
  text === "" ? Effect.void : Effect.async((resume) => {
    stream.write(text, () => resume(Effect.void))
  })

/**
 * Writes a text to standard output as it is.
 */
export const display = (text: string): Effect.Effect<void, never, Streams> =>
  Effect.flatMap(Streams, ({ stdout }) => write(stdout, text))

/**
 * Writes a line to standard output: what the command was asked for.
 */
export const print = (line: string): Effect.Effect<void, never, Streams> => display(`${line}\n`)

/**
 * Writes a line to standard error: what a person should know, and a pipe should not get.
 */
export const note = (line: string): Effect.Effect<void, never, Streams> =>
  Effect.flatMap(Streams, ({ stderr }) => write(stderr, `${line}\n`))

/**
 * Whether a person types and reads notes.
 */
export const isInteractive = Effect.map(Streams, ({ stderr, stdin }) => stdin.isTTY === true && stderr.isTTY === true)

/**
 * Makes text bold where standard output is a terminal and `NO_COLOR` is not set, and leaves it alone elsewhere.
 */
export const boldStyle: Effect.Effect<(text: string) => string, never, Streams> = Effect.gen(function*() {
  const { stdout } = yield* Streams
  const noColor = yield* Effect.orElseSucceed(Config.withDefault(Config.string("NO_COLOR"), ""), () => "")
  return stdout.isTTY === true && noColor === "" ? (text) => `\u001b[1m${text}\u001b[22m` : (text) => text
})

/**
 * Asks a yes-or-no question at the terminal. Where there is none, the answer is no. Ctrl-C interrupts.
 */
export const confirm = (question: string): Effect.Effect<boolean, never, Streams> =>
  Effect.flatMap(Effect.all([Streams, isInteractive]), ([{ stderr, stdin }, interactive]) =>
    interactive
      ? Effect.async<boolean>((resume) => {
        const reader = createInterface({ input: stdin, output: stderr, terminal: true })
        reader.on("SIGINT", () => resume(Effect.interrupt))
        reader.on("close", () => resume(Effect.succeed(false)))
        reader.question(`${question} [y/N] `, (answer) => resume(Effect.succeed(/^y(es)?$/i.test(answer.trim()))))
        return Effect.sync(() => reader.close())
      }).pipe(Effect.ensuring(Effect.sync(() => stdin.pause())))
      : Effect.succeed(false))
