import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SessionManager } from "../../src/services/SessionManager.js"
import { connected } from "./connected.js"
import { Keyboard, run, serve, start } from "./inProcess.js"

const lines = Array.from({ length: 10 }, (_, index) => `line ${index + 1}`)

const sessionIn = (stderr: string) => /^session (\S+)$/m.exec(stderr)?.[1] ?? assert.fail(`no session in ${stderr}`)

const toText = (lines: ReadonlyArray<string>) => lines.map((line) => `${line}\n`).join("")

describe("chat from a pipe", () => {
  it.scopedLive("answers each line and stores all of them", () =>
    Effect.gen(function*() {
      const { flags, langswarm } = yield* serve()
      const chat = yield* run(["chat", ...flags], toText(lines))
      assert.deepStrictEqual([chat.exitCode, chat.stdout], [0, toText(lines.map((line) => `You said: ${line}`))])
      assert.strictEqual(
        (yield* langswarm("messages", sessionIn(chat.stderr))).stdout,
        toText(
          lines.flatMap((
            line,
            index
          ) => [`${2 * index + 1} user: ${line}`, `${2 * index + 2} assistant: You said: ${line}`])
        )
      )
    }).pipe(Effect.provide(NodeContext.layer)), 60_000)

  it.scopedLive(
    "sends the lines of a file once, however often it is piped with the same key",
    () =>
      Effect.gen(function*() {
        const { flags, langswarm } = yield* serve()
        const first = yield* run(["chat", ...flags, "--key", "file"], "one\n")
        const id = sessionIn(first.stderr)
        const second = yield* run(["chat", ...flags, "--key", "file", "--session", id], "one\n\ntwo\n")
        assert.strictEqual(second.stdout, toText(["You said: one", "You said: two"]))
        assert.strictEqual(
          (yield* langswarm("messages", "--role", "user", id)).stdout,
          toText(["1 user: one", "3 user: two"])
        )
      }).pipe(Effect.provide(NodeContext.layer)),
    60_000
  )
})

/** A chat at a terminal, with a new session whose provider has this delay. */
const openChat = Effect.fnUntraced(function*(delay: string) {
  const { dataDir, flags, langswarm, url } = yield* serve()
  const { id } = yield* connected(url, dataDir)(Effect.flatMap(SessionManager, (sessions) =>
    sessions.create({
      userId: "ada",
      provider: "mock",
      model: "mock-model",
      config: { providerConfig: { delay } }
    })))
  const keyboard = new Keyboard()
  const chat = yield* start(["chat", ...flags, "--session", id], { stdin: keyboard, terminal: true })
  yield* chat.stderr.waitFor(/> /)
  const type = (text: string) => Effect.sync(() => keyboard.write(text))
  const replied = (reply: string) => chat.stdout.waitFor(new RegExp(`You said: ${reply}\n`))
  return { chat, id, langswarm, replied, type }
})

const ctrlC = "\u0003"

/** Waits until the session's turn runs. */
const turnRuns = (langswarm: (name: string, ...words: ReadonlyArray<string>) => ReturnType<typeof run>, id: string) =>
  Effect.repeat(langswarm("show", id), { until: ({ stdout }) => stdout.includes("1 running") })

describe("chat at a terminal", () => {
  it.scopedLive(
    "says who answers, how to leave and how to continue, and knows /help and /exit",
    () =>
      Effect.gen(function*() {
        const { chat, id, replied, type } = yield* openChat("0 millis")
        assert.include(chat.stderr.text, "mock/mock-model answers. Type /help for help; /exit or Ctrl-D leaves.\n")
        yield* type("/help\r")
        yield* chat.stderr.waitFor(/\/exit {3}Leave/)
        yield* type("/nope\r")
        yield* chat.stderr.waitFor(/Unknown command \/nope/)
        yield* type("/etc/hosts\r")
        yield* replied("/etc/hosts")
        yield* type("/exit\r")
        const { exitCode, stderr, stdout } = yield* chat.output
        assert.deepStrictEqual([exitCode, stdout], [0, "You said: /etc/hosts\n"])
        assert.include(stderr, `Continue with: npx langswarm-session chat --session ${id} --url`)
      }).pipe(Effect.provide(NodeContext.layer)),
    60_000
  )

  it.scopedLive("takes a paste of several lines as one message", () =>
    Effect.gen(function*() {
      const { chat, replied, type } = yield* openChat("0 millis")
      assert.include(chat.stderr.text, "\u001b[?2004h")
      yield* type("\u001b[200~one\rtwo\r/exit\u001b[201~")
      yield* type(" three\r")
      yield* replied("one\ntwo\n/exit three")
      yield* type("\u0004")
      const { exitCode, stderr } = yield* chat.output
      assert.strictEqual(exitCode, 0)
      assert.include(stderr, "\u001b[?2004l")
    }).pipe(Effect.provide(NodeContext.layer)), 60_000)

  it.scopedLive("hides what is typed during a reply, and sends it next", () =>
    Effect.gen(function*() {
      const { chat, replied, type } = yield* openChat("0 millis")
      // Typed at once: the reply to the first line has not begun when the others arrive.
      yield* type("first\rsecond\rhalf")
      yield* replied("second")
      yield* chat.stderr.waitFor(/> half/)
      yield* type(" a line\r")
      yield* replied("half a line")
      assert.deepStrictEqual(chat.stderr.text.match(/second|half/g), ["second", "half"])
      assert.include(chat.stderr.text, "> second\n")
    }).pipe(Effect.provide(NodeContext.layer)), 60_000)

  it.scopedLive("stops the reply at the first Ctrl-C, and exits at the second", () =>
    Effect.gen(function*() {
      const { chat, id, langswarm, type } = yield* openChat("10 minutes")
      yield* type("hello\r")
      yield* turnRuns(langswarm, id)
      yield* type(ctrlC)
      yield* chat.stderr.waitFor(/\(stopped\)\n.*> /s)
      assert.include((yield* langswarm("show", id)).stdout, "0 running, 0 waiting")
      yield* type(ctrlC)
      const { exitCode, stderr } = yield* chat.output
      assert.strictEqual(exitCode, 130)
      assert.include(stderr, `--session ${id}`)
    }).pipe(Effect.provide(NodeContext.layer)), 60_000)
})
