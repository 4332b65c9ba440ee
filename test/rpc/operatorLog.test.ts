import { assert, describe, it } from "@effect/vitest"
import { type Console, Effect, Logger, LogLevel, Stream, Struct, TestClock } from "effect"
import { lineLogger } from "../../src/cli/lineLogger.js"
import { makeOperatorLog } from "../../src/rpc/internal/network/operatorLog.js"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { withCapturedLogs } from "../middleware/capturedLogs.js"
import * as TestServer from "./TestServer.js"
import { authorized, exchange, post, request } from "./wire.js"

/** Runs an effect with the lines that `serve` prints for it. */
const withPrintedLines = <A, E, R>(use: (lines: ReadonlyArray<string>) => Effect.Effect<A, E, R>) =>
  Effect.consoleWith((standard) => {
    const lines: Array<string> = []
    const print = (...texts: ReadonlyArray<unknown>) => void lines.push(texts.join(" "))
    const console: Console.Console = {
      ...standard,
      log: (...texts) => Effect.sync(() => print(...texts)),
      unsafe: { ...standard.unsafe, log: print }
    }
    return use(lines).pipe(
      Logger.withMinimumLogLevel(LogLevel.Info),
      Effect.provide(Logger.replace(Logger.defaultLogger, lineLogger)),
      Effect.withConsole(console)
    )
  })

const hostile = "evil\r\nlevel=ERROR message=\"fake\"\u001b[31m\u009b2J\u2028\u202e"
const canary = "canary-of-the-caller"

describe("the log of a server", () => {
  it.scoped("has the first refusal of a kind at once, and the others once a minute, as one line with their number", () =>
    withCapturedLogs((lines) =>
      Effect.gen(function*() {
        const log = yield* makeOperatorLog
        yield* log.refusedToken("10.0.0.1", "first")
        yield* Effect.repeatN(log.refusedToken("10.0.0.2", "last"), 4999)
        yield* log.refusedHost("10.0.0.1", "evil.example", "second")
        yield* log.limitReached("calls", "10.0.0.1")
        yield* log.limitReached("streams", "10.0.0.1")
        yield* log.limitReached("calls", "10.0.0.3")
        yield* log.closedByLimit("calls", "10.0.0.1")
        assert.deepStrictEqual(lines.map(({ annotations, message }) => [message, annotations]), [
          ["Refused a token", { address: "10.0.0.1", correlationId: "first" }],
          ["Refused a host", { address: "10.0.0.1", correlationId: "second", host: "evil.example" }],
          ["Reached a limit", { address: "10.0.0.1", limit: "calls" }],
          ["Reached a limit", { address: "10.0.0.1", limit: "streams" }],
          ["Closed a connection", { address: "10.0.0.1", limit: "calls" }]
        ])
        yield* TestClock.adjust("59 seconds")
        assert.lengthOf(lines, 5)
        yield* TestClock.adjust("1 second")
        assert.sameDeepMembers(lines.slice(5).map(({ annotations, message }) => [message, annotations]), [
          ["Refused a token", { address: "10.0.0.2", correlationId: "last", repeated: 5000 }],
          ["Reached a limit", { address: "10.0.0.3", limit: "calls", repeated: 1 }]
        ])
        yield* TestClock.adjust("1 hour")
        assert.lengthOf(lines, 7)
        yield* log.refusedToken("10.0.0.4", "new")
        assert.deepStrictEqual(lines.at(-1)?.annotations, { address: "10.0.0.4", correlationId: "new" })
        assert.isTrue(lines.every(({ level }) => level === "Warning"))
      })
    ))

  it.scoped("row 82: has one line for each entry, whatever a host, an origin, an address or a defect holds", () =>
    withPrintedLines((lines) =>
      Effect.gen(function*() {
        const log = yield* makeOperatorLog
        yield* log.refusedHost(hostile, hostile, "id")
        yield* log.refusedOrigin(hostile, hostile.repeat(1000), "id")
        yield* Effect.annotateLogs(Effect.logError(hostile, new Error(hostile)), { [hostile]: hostile })
        assert.lengthOf(lines, 3)
        for (const line of lines) {
          assert.match(line, /^timestamp=\S+ level=(WARN|ERROR) fiber=\S+ message=/)
          assert.notMatch(line, /[\p{C}\p{Zl}\p{Zp}]/u)
          assert.notMatch(line, / level=ERROR message="?fake/)
        }
        assert.isBelow(lines[1]?.length ?? 0, 2000)
      })
    ))
})

/** Calls over HTTP, from the address that the server names. */
const from = (address: string) => ({ headers: [...authorized, ["x-langswarm-address", address]] })

describe("the response of a refused request", () => {
  for (
    const { headers, message } of [
      { headers: { authorization: "Bearer not-the-token-at-all" }, message: "Refused a token" },
      { headers: { host: "evil.example.com" }, message: "Refused a host" },
      { headers: { origin: "https://evil.example.com" }, message: "Refused an origin" }
    ]
  ) {
    it.scoped(`names the line of the log: ${message}`, () =>
      withCapturedLogs((lines) =>
        Effect.gen(function*() {
          const { url } = yield* SessionServer
          const { headers: answered } = yield* post(url, request("1", "Health"), headers)
          const line = lines.find((each) => each.message === message)
          assert.match(String(line?.annotations["correlationId"]), /^[0-9a-f-]{36}$/)
          assert.strictEqual(answered["x-correlation-id"], line?.annotations["correlationId"])
        }).pipe(Effect.provide(TestServer.layer()))
      ))
  }
})

describe("the audit log", () => {
  it.scoped("has one line for each call that copies, brings in or destroys sessions, and for no other", () =>
    withCapturedLogs((lines) =>
      Effect.gen(function*() {
        const { url } = yield* SessionServer
        const sessions = yield* SessionManager
        const { id } = yield* sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })
        const call = (tag: string, payload: unknown) =>
          exchange("http", url, request("1", tag, payload, from("10.1.2.3")))
        const [record] = yield* Stream.runCollect(sessions.exportSessions())
        yield* call("Info", { sessionId: id })
        yield* call("Export", { sessionId: id })
        yield* call("ExportSessions", {})
        yield* call("Clear", { sessionId: id })
        yield* call("Delete", { sessionId: id })
        yield* call("Delete", { sessionId: id })
        yield* call("Delete", { sessionId: `${canary} ${hostile}` })
        yield* call("EraseUser", { userId: "ada" })
        yield* call("Backup", { name: "nightly" })
        yield* call("Cleanup", { olderThan: 1000, dryRun: true })
        yield* call("Cleanup", { olderThan: 1000, action: "archive" })
        assert.strictEqual(record?.session.id, id)
        const audited = lines.filter(({ message }) => message === "Audit")
        const ids = audited.map(({ annotations }) => annotations["correlationId"])
        assert.strictEqual(new Set(ids).size, audited.length)
        assert.deepStrictEqual(
          audited.map(({ annotations }) => Struct.omit(annotations, "correlationId")),
          [
            { operation: "Export", target: id, outcome: "ok" },
            { operation: "ExportSessions", sessions: 1, outcome: "ok" },
            { operation: "Clear", target: id, outcome: "ok" },
            { operation: "Delete", target: id, outcome: "ok" },
            { operation: "Delete", target: id, outcome: "SessionNotFound" },
            { operation: "Delete", outcome: "InvalidRequest" },
            { operation: "EraseUser", target: "ada", sessions: 0, outcome: "ok" },
            { operation: "Backup", target: "nightly", outcome: "NotSupported" },
            { operation: "Cleanup", action: "archive", sessions: 0, outcome: "ok" }
          ].map((line) => Object.assign(line, { principal: "owner", address: "127.0.0.1" }))
        )
        assert.isTrue(audited.every(({ level }) => level === "Info"))
      }).pipe(Effect.provide(TestServer.layer()))
    ))

  it.scoped("rows 80 and 82: repeats nothing that a client sent but valid ids, on one line each", () =>
    withPrintedLines((lines) =>
      Effect.gen(function*() {
        const { url } = yield* SessionServer
        const text = `${canary} ${hostile}`
        const calls = [
          ["Create", { userId: "ada", provider: "mock", model: "mock-model", context: { user: { note: text } } }],
          ["Create", { userId: text, provider: text, model: text }],
          ["Send", { sessionId: text, message: { content: text, metadata: { note: text }, key: text } }],
          ["Delete", { sessionId: text }],
          ["EraseUser", { userId: text }],
          ["Backup", { name: text }],
          ["ExportSessions", { userId: text }],
          ["ImportPart", { upload: text, index: 0, text, last: true, options: {} }],
          [text, { note: text }]
        ] as const
        for (const [tag, payload] of calls) {
          yield* exchange("http", url, request("1", tag, payload))
          const wrong = [["authorization", `Bearer ${text}`]]
          yield* exchange("http", url, request("1", tag, payload, { headers: wrong }))
        }
        assert.isAtLeast(lines.length, 4)
        assert.notInclude(lines.join("\n"), canary)
        for (const line of lines) assert.notMatch(line, /[\p{C}\p{Zl}\p{Zp}]|token-of-the-tests/u)
      }).pipe(Effect.provide(TestServer.layer()))
    ))
})
