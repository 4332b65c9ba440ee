import { Command, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { run } from "../cli/command.js"
import { example as compiled } from "../cli/compile.js"

const root = new URL("../../", import.meta.url).pathname
const read = (path: string) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(`${root}${path}`))

/** The first as the README says; to compile each of the others as it starts would take longer than all the rest. */
const example = (name: string) =>
  run(
    name === "quickstart"
      ? Command.make("node", "--import", "tsx", `${root}examples/quickstart.ts`)
      : Command.make("node", compiled(name))
  )

const conversation = ["You said: Hello", "You", "said:", "And", "now", "in", "verse", "4 messages are kept"]

const printed: Readonly<Record<string, ReadonlyArray<string>>> = {
  quickstart: ["You said: Hello", "You ", "said: ", "And ", "now ", "in ", "verse"],
  remote: ["in process:", ...conversation, "over the wire:", ...conversation],
  middleware: [
    "Middleware \"brevity\" stopped the turn at admission: please keep it under 40 characters",
    "You said: A short one"
  ],
  feed: [
    "Ada watches, and leaves:",
    "1: SessionCreated",
    "2: TurnAccepted",
    "3: MessageSent",
    "4: TurnStarted",
    "5: You said: Hello",
    "She comes back, and sees what she missed:",
    "6: TurnCompleted",
    "7: TurnAccepted",
    "8: MessageSent",
    "9: TurnStarted",
    "10: You said: Are you there?",
    "Bob, who stayed, saw 10 events"
  ],
  hooks: [
    "audit: SessionCreated, ada",
    "alert \"archived\": SessionArchived",
    "dead letter of mirror: SessionArchived, failed",
    "mirrored 00000000-0000-7000-8000-000000000001",
    "1 told again"
  ],
  customProvider: ["IS!!", "ANYBODY!!", "THERE!!"],
  effectAi: ["I was shown 4 messages: system, user, assistant, user", "5 tokens"],
  telemetry: [
    "SessionManager.create",
    "store open",
    "Session.send",
    "  middleware polite",
    "  turn",
    "    store commit",
    "    chat first-model, failed: provider_transient",
    "    store commit",
    "    chat second-model, 4 tokens",
    "    store commit",
    "langswarm_session_active_sessions: 1",
    "langswarm_session_open_turns: 0",
    "langswarm_session_mailbox_depth: 0",
    "langswarm_session_commit_duration: measured 3 times",
    "gen_ai.client.operation.duration first-model provider_transient: measured 1 times",
    "gen_ai.client.operation.duration second-model: measured 1 times",
    "gen_ai.client.token.usage second-model input: measured 1 times",
    "gen_ai.client.token.usage second-model output: measured 1 times",
    "langswarm_session_unpriced_calls second-model: 1",
    "langswarm_session_turns completed: 1",
    "langswarm_session_turn_duration completed: measured 1 times"
  ],
  promise: [
    "You said: Hello",
    "You",
    "said:",
    "And",
    "now",
    "in",
    "verse",
    "Middleware \"brevity\" stopped the turn at admission: please keep it short",
    "archived",
    "12 events were told"
  ],
  busy: [
    "started, joined: one turn",
    "idempotency_conflict",
    "steered",
    "user: Tell me everything",
    "assistant: Tell (cut)",
    "user: Briefly!",
    "assistant: Briefly!",
    "user: Enough!",
    "assistant: Enough!"
  ]
}

describe("examples", () => {
  for (const [name, lines] of Object.entries(printed)) {
    it.live(`${name} prints what it should`, () =>
      Effect.gen(function*() {
        const { exitCode, stderr, stdout } = yield* example(name)
        assert.deepStrictEqual([exitCode, stderr, stdout], [0, "", `${lines.join("\n")}\n`])
      }).pipe(Effect.provide(NodeContext.layer)), 60_000)
  }

  it.effect("all have a test", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const files = yield* fs.readDirectory(`${root}examples`)
      const parts = new Set(["conversation.ts", "customStore.ts"])
      const programs = files.filter((file) => !parts.has(file)).map((file) => file.replace(/\.ts$/, ""))
      assert.deepStrictEqual(programs.toSorted(), Object.keys(printed).toSorted())
    }).pipe(Effect.provide(NodeContext.layer)))

  it.effect("the README's is the quickstart", () =>
    Effect.gen(function*() {
      const block = /```ts\n(?<code>[\s\S]*?)```/.exec(yield* read("README.md"))?.groups?.["code"]
      assert.strictEqual(block, yield* read("examples/quickstart.ts"))
    }).pipe(Effect.provide(NodeContext.layer)))
})
