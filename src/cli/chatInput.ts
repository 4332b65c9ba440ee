import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { createInterface, type Key } from "node:readline"
import { Writable } from "node:stream"
import { note, Streams } from "./Streams.js"

/**
 * The lines of standard input, as they come from a pipe or a file.
 */
export const inputLines: Stream.Stream<string, never, Streams> = Stream.unwrapScoped(Effect.gen(function*() {
  const { stdin } = yield* Streams
  const lines = yield* Mailbox.make<string>()
  const reader = yield* Effect.acquireRelease(
    Effect.sync(() => createInterface({ input: stdin, terminal: false })),
    (reader) => Effect.sync(() => reader.close())
  )
  reader.on("line", (line) => lines.unsafeOffer(line))
  reader.on("close", () => lines.unsafeDone(Exit.void))
  return Mailbox.toStream(lines)
}))

/**
 * A person pressed Ctrl-C to leave.
 */
export class Left extends Data.TaggedError("Left") {}

/**
 * The messages that a person types at a terminal.
 */
export interface ChatInput {
  /** Shows the prompt and waits for a message. None at the end of input; fails with `Left` at Ctrl-C. */
  readonly read: Effect.Effect<Option.Option<string>, Left, Streams>
  /**
   * Runs a reply without showing what is typed meanwhile; that is read next. Ctrl-C runs `stop`, which should end the reply;
   * Ctrl-C again fails with `Left`.
   */
  readonly whileReplying: <A, E, R, E2, R2>(
    reply: Effect.Effect<A, E, R>,
    stop: Effect.Effect<unknown, E2, R2>
  ) => Effect.Effect<A, E | E2 | Left, R | R2 | Streams>
}

/** Terminals mark a paste with escape sequences once they are asked to. */
const pasteMode = { on: "\u001b[?2004h", off: "\u001b[?2004l" }

const promptText = "> "

/**
 * Reads messages from the terminal until the scope closes. Lines that are pasted at once are one message.
 */
export const openChatInput: Effect.Effect<ChatInput, never, Scope.Scope | Streams> = Effect.gen(function*() {
  const { stderr, stdin } = yield* Streams
  const messages = yield* Mailbox.make<string>()
  const interrupts = yield* Mailbox.make<void>()
  const echo = new Echo(stderr)

  let pasting = false
  let pasted: ReadonlyArray<string> = []
  const onKey = (_: string | undefined, { name }: Key) => {
    if (name === "paste-start") pasting = true
    if (name === "paste-end") pasting = false
  }
  const onLine = (line: string) => {
    if (pasting) {
      pasted = [...pasted, line]
      return
    }
    echo.hidden = true
    messages.unsafeOffer([...pasted, line].join("\n"))
    pasted = []
  }

  const reader = yield* Effect.acquireRelease(
    Effect.sync(() => createInterface({ input: stdin, output: echo, terminal: true, prompt: promptText })),
    (reader) =>
      Effect.sync(() => {
        stdin.off("keypress", onKey)
        reader.close()
        stderr.write(pasteMode.off)
      })
  )
  stderr.write(pasteMode.on)
  stdin.on("keypress", onKey)
  reader.on("line", onLine)
  reader.on("close", () => messages.unsafeDone(Exit.void))
  reader.on("SIGINT", () => {
    if (!pasting) interrupts.unsafeOffer(undefined)
  })

  const leave = Effect.zipRight(Effect.orDie(interrupts.take), Effect.fail(new Left()))

  const prompt = Effect.suspend(() => {
    echo.hidden = false
    reader.prompt(true)
    return Effect.tapErrorCause(Effect.raceFirst(messages.take, leave), () => Effect.sync(() => stderr.write("\n")))
  })

  // It was not shown when it was typed, since a reply was being printed.
  const takeTyped = Effect.tap(messages.take, (text) => note(`${promptText}${text}`))

  const read = Effect.flatMap(messages.size, (waiting) =>
    Option.match(waiting, {
      onNone: () => Effect.succeedNone,
      onSome: (count) => Effect.asSome(count > 0 ? takeTyped : prompt)
    })).pipe(Effect.catchTag("NoSuchElementException", () => Effect.succeedNone))

  const whileReplying: ChatInput["whileReplying"] = (reply, stop) => {
    const stopThenLeave = Effect.orDie(interrupts.take).pipe(
      Effect.zipRight(note("\n(stopping; Ctrl-C again leaves)")),
      // A server that does not answer must not keep a person from leaving.
      Effect.zipRight(Effect.timeoutOption(stop, "2 seconds")),
      Effect.zipRight(leave)
    )
    return Effect.zipRight(interrupts.clear, Effect.raceFirst(reply, stopThenLeave))
  }

  return { read, whileReplying }
})

/** What readline writes to the terminal, unless it is hidden. */
class Echo extends Writable {
  hidden = false

  constructor(readonly target: Writable & { readonly columns?: number }) {
    super()
  }

  /** Without a width, readline treats text typed while hidden as one row. */
  get columns(): number | undefined {
    return this.hidden ? undefined : this.target.columns
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    if (!this.hidden) this.target.write(chunk)
    // At once, since what is written later may be hidden when this is not.
    done()
  }
}
