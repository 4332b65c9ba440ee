import {
  Command,
  FetchHttpClient,
  FileSystem,
  HttpClient,
  type HttpClientError,
  HttpClientRequest,
  type HttpClientResponse
} from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Layer, Option, Schema, Stream } from "effect"
import { run } from "../cli/command.js"
import { example as compiled } from "../cli/compile.js"

const root = new URL("../../", import.meta.url).pathname
const read = (path: string) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(`${root}${path}`))

/** Runs the quickstart as in the README. The others are compiled once for all tests, which is faster. */
const example = (name: string) =>
  run(
    name === "quickstart"
      ? Command.make("node", "--import", "tsx", `${root}examples/quickstart.ts`)
      : Command.make("node", compiled(name))
  )

const conversation = ["  You said: Hello", "  You said: And now word by word", "  4 messages are stored"]

const printed: Readonly<Record<string, ReadonlyArray<string>>> = {
  quickstart: ["You said: Hello", "You said: And now word by word"],
  remote: ["in process:", ...conversation, "over the wire:", ...conversation],
  middleware: [
    "Middleware \"brevity\" stopped the turn at admission: please keep it under 40 characters",
    "You said: A short one"
  ],
  feed: [
    "Ada watches until the reply, and leaves:",
    "1: SessionCreated",
    "2: TurnAccepted",
    "3: MessageSent",
    "4: TurnStarted",
    "5: You said: Hello",
    "Ada resumes at her position, and receives what she missed:",
    "6: TurnCompleted",
    "7: TurnAccepted",
    "8: MessageSent",
    "9: TurnStarted",
    "10: You said: Are you there?",
    "Bob, who stayed, received 10 events"
  ],
  hooks: [
    "audit: SessionCreated, ada",
    "alert \"archived\": SessionArchived",
    "dead letter of mirror: SessionArchived, failed",
    "mirrored 00000000-0000-7000-8000-000000000001",
    "1 dead letter replayed"
  ],
  customProvider: ["IS!! ANYBODY!! THERE!! "],
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
    "langswarm_session_commit_duration: 3 measured",
    "gen_ai.client.operation.duration first-model provider_transient: 1 measured",
    "gen_ai.client.operation.duration second-model: 1 measured",
    "gen_ai.client.token.usage second-model input: 1 measured",
    "gen_ai.client.token.usage second-model output: 1 measured",
    "langswarm_session_unpriced_calls second-model: 1",
    "langswarm_session_turns completed: 1",
    "langswarm_session_turn_duration completed: 1 measured"
  ],
  promise: [
    "You said: Hello",
    "You said: And now word by word",
    "Middleware \"brevity\" stopped the turn at admission: please keep it short",
    "the session is archived",
    "the hook received 12 events"
  ],
  busy: [
    "started, joined: one turn",
    "other content, same key: idempotency_conflict",
    "while it runs: steered",
    "user: Tell me everything",
    "assistant: Tell (cut)",
    "user: Briefly!",
    "assistant: Briefly!",
    "user: Enough!",
    "assistant: Enough!"
  ]
}

/** Starts an example server on a free port and returns its address. The process is killed when the scope closes. */
const startExample = (name: string) =>
  Command.make("node", compiled(name), "0").pipe(
    Command.env({ PORT: "0" }),
    Command.start,
    Effect.flatMap(({ stdout }) =>
      stdout.pipe(
        Stream.decodeText(),
        Stream.splitLines,
        Stream.filterMap((line) => Option.fromNullable(/http:[/][/]127[.]0[.]0[.]1:\d+/.exec(line)?.[0])),
        Stream.runHead,
        Effect.flatten
      )
    )
  )

const Data = Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown }))

/** Reads server-sent events with their ids, starting after `last`. */
const eventsOf = (url: string, last?: string) =>
  HttpClient.get(url, { headers: last === undefined ? {} : { "last-event-id": last } }).pipe(
    Effect.map(({ stream }) => stream.pipe(Stream.decodeText(), Stream.splitLines)),
    Stream.unwrap,
    Stream.mapAccum(
      "",
      (id, line) => line.startsWith("id: ") ? [line.slice(4), Option.none()] : [id, Option.some({ id, line })]
    ),
    Stream.filterMap((event) => Option.filter(event, ({ line }) => line.startsWith("data: "))),
    Stream.mapEffect(({ id, line }) => Effect.map(Schema.decode(Data)(line.slice(6)), (data) => ({ id, data })))
  )

const text = (
  response: Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError, HttpClient.HttpClient>
) => Effect.flatMap(response, ({ text }) => text)

const services = Layer.merge(NodeContext.layer, FetchHttpClient.layer)

describe("examples", () => {
  for (const [name, lines] of Object.entries(printed)) {
    it.live(`${name} prints its expected output`, () =>
      Effect.gen(function*() {
        const { exitCode, stderr, stdout } = yield* example(name)
        assert.deepStrictEqual([exitCode, stderr, stdout], [0, "", `${lines.join("\n")}\n`])
      }).pipe(Effect.provide(NodeContext.layer)), 60_000)
  }

  it.scopedLive("web resumes an event stream in the middle of a reply, and replays it after a reload", () =>
    Effect.gen(function*() {
      const url = yield* startExample("web")
      assert.include(yield* text(HttpClient.get(url)), "EventSource")
      yield* HttpClientRequest.post(`${url}/messages`, { headers: { "idempotency-key": "1" } }).pipe(
        HttpClientRequest.bodyText("One two three"),
        HttpClient.execute
      )

      const before = yield* eventsOf(`${url}/events`).pipe(Stream.take(3), Stream.runCollect)
      const after = yield* eventsOf(`${url}/events`, Option.getOrThrow(Chunk.last(before)).id).pipe(
        Stream.takeUntil(({ data }) => "whole" in data),
        Stream.runCollect
      )
      const all = Chunk.toReadonlyArray(Chunk.appendAll(before, after)).map(({ data }) => data)
      assert.deepStrictEqual(all[0], { question: "One two three" })
      assert.strictEqual(all.map(({ piece = "" }) => piece).join(""), "You said: One two three")

      const reloaded = yield* eventsOf(`${url}/events`).pipe(Stream.take(2), Stream.runCollect)
      assert.deepStrictEqual(Chunk.toReadonlyArray(reloaded).map(({ data }) => data), [
        { question: "One two three" },
        { whole: "You said: One two three" }
      ])
    }).pipe(Effect.provide(services)))

  it.scopedLive("httpApp answers messages, and maps errors to their status", () =>
    Effect.gen(function*() {
      const url = yield* startExample("httpApp")
      const messages = `${url}/users/ada/messages`
      const post = (content: string) =>
        HttpClientRequest.post(messages).pipe(HttpClientRequest.bodyUnsafeJson({ content }), HttpClient.execute)

      assert.strictEqual(yield* text(post("Hello")), "{\"seq\":2,\"text\":\"You said: Hello\"}")
      assert.strictEqual((yield* post("  ")).status, 400)
      assert.include(yield* text(HttpClient.get(messages)), "{\"seq\":1,\"role\":\"user\",\"text\":\"Hello\"}")
      const events = yield* eventsOf(`${url}/users/ada/events`, "4").pipe(Stream.take(2), Stream.runCollect)
      assert.deepStrictEqual(Chunk.toReadonlyArray(events).map(({ data }) => data["_tag"]), [
        "MessageReceived",
        "TurnCompleted"
      ])
    }).pipe(Effect.provide(services)))

  it.effect("each have a test", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const files = yield* fs.readDirectory(`${root}examples`)
      const parts = new Set(["conversation.ts", "customStore.ts"])
      const programs = files.filter((file) => !parts.has(file)).map((file) => file.replace(/\.ts$/, ""))
      assert.deepStrictEqual(programs.toSorted(), [...Object.keys(printed), "web", "httpApp"].toSorted())
    }).pipe(Effect.provide(NodeContext.layer)))

  it.effect("include the quickstart exactly as in the README", () =>
    Effect.gen(function*() {
      const block = /```ts\n(?<code>[\s\S]*?)```/.exec(yield* read("README.md"))?.groups?.["code"]
      assert.strictEqual(block, yield* read("examples/quickstart.ts"))
    }).pipe(Effect.provide(NodeContext.layer)))
})
