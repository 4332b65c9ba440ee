import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { ConfigProvider, Effect, Fiber, Layer, Logger } from "effect"
import { PassThrough, Readable, Writable } from "node:stream"
import { root } from "../../src/cli/root.js"
import { exitCode } from "../../src/cli/run.js"
import { Streams } from "../../src/cli/Streams.js"
import type { Output } from "./command.js"

/** An output stream that keeps its text. */
export class Captured extends Writable {
  text = ""

  constructor(readonly isTTY = false) {
    super()
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk.toString()
    this.emit("captured")
    done()
  }

  /** Waits until the text matches, and returns the first group of the match. */
  waitFor(pattern: RegExp): Effect.Effect<string> {
    return Effect.async((resume) => {
      const check = () => {
        const match = pattern.exec(this.text)
        if (match === null) return
        this.off("captured", check)
        resume(Effect.succeed(match[1] ?? match[0]))
      }
      this.on("captured", check)
      check()
      return Effect.sync(() => this.off("captured", check))
    })
  }
}

interface RunOptions {
  readonly stdin?: Readable & { readonly isTTY?: boolean }
  readonly terminal?: boolean
  readonly env?: Readonly<Record<string, string>>
}

/** Starts the command in this process. */
export const start = Effect.fnUntraced(function*(words: ReadonlyArray<string>, options: RunOptions = {}) {
  const { env = {}, stdin = Readable.from([]), terminal = false } = options
  const stdout = new Captured(terminal)
  const stderr = new Captured(terminal)
  const fiber = yield* root(words).pipe(
    Effect.provide(Layer.mergeAll(
      NodeContext.layer,
      Logger.replace(Logger.defaultLogger, Logger.none),
      Layer.succeed(Streams, { stdin, stdout, stderr })
    )),
    Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(env)))),
    Effect.forkScoped
  )
  const output = Effect.map(Fiber.await(fiber), (exit): Output => ({
    exitCode: exitCode(exit),
    stdout: stdout.text,
    stderr: stderr.text
  }))
  return { stdout, stderr, output, interrupt: Fiber.interrupt(fiber) }
})

/** Runs the command in this process, with `input` on its standard input. */
export const run = (words: ReadonlyArray<string>, input = "", env: RunOptions["env"] = {}): Effect.Effect<Output> =>
  Effect.scoped(
    Effect.flatMap(start(words, { stdin: Readable.from([Buffer.from(input)]), env }), ({ output }) => output)
  )

/** A keyboard. Text written to it is typed. */
export class Keyboard extends PassThrough {
  readonly isTTY = true

  setRawMode(): this {
    return this
  }
}

/**
 * Starts a server in this process, on a free port and in a new directory unless one is given. It stops when the scope closes.
 * `langswarm` runs a command against it.
 */
export const serve = Effect.fnUntraced(function*(
  options: { readonly dataDir?: string; readonly env?: Readonly<Record<string, string>> } = {}
) {
  const files = yield* FileSystem.FileSystem
  const dataDir = options.dataDir ?? (yield* files.makeTempDirectoryScoped())
  const server = yield* start(["serve", "--port", "0", "--data-dir", dataDir, "--drain", "0"], options)
  const failed = Effect.flatMap(server.output, ({ stderr }) => Effect.dieMessage(`the server ended: ${stderr}`))
  const url = yield* Effect.raceFirst(server.stdout.waitFor(/listening on (http:\S+)/), failed)
  const flags = ["--url", url, "--data-dir", dataDir]
  const langswarm = (name: string, ...words: ReadonlyArray<string>) => run([name, ...flags, ...words])
  return { dataDir, flags, langswarm, server, url }
})
