import { Command, type CommandExecutor, FileSystem } from "@effect/platform"
import { Deferred, Effect, Stream } from "effect"
import { SessionId, TurnId } from "../../src/domain/Ids.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import type { Failpoint, HistoryChecker } from "../../src/testing/index.js"
import { compileProgram } from "./compileProgram.js"

/** Built once. */
const compiled = Effect.runSync(Effect.cached(compileProgram(new URL("server.ts", import.meta.url))))

export interface StartOptions {
  /** The failpoint that kills it, and on which pass. */
  readonly failpoint?: `${Failpoint}:kill` | `${Failpoint}:kill:${number}`
  /** Adds turn middleware, so that acceptance and call are two commits. */
  readonly middleware?: boolean
  /** Makes each commit slow. */
  readonly slowDisk?: boolean
  /** Size of the heap, in MB, beyond which the process ends. Default: that of Node. */
  readonly heap?: number
}

export interface RunningServer {
  readonly url: string
  readonly pid: CommandExecutor.ProcessId
  readonly kill: CommandExecutor.Process["kill"]
  /** Waits until the process has exited. */
  readonly ended: Effect.Effect<void>
}

/**
 * A server with its own database that can be restarted on the same port, and access to what it stored.
 */
export const makeServerUnderTest = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const dataDir = yield* files.makeTempDirectoryScoped()
  const script = yield* compiled
  let port = "0"

  const lines = (file: string) =>
    Effect.map(
      Effect.orElseSucceed(files.readFileString(`${dataDir}/${file}`), () => ""),
      (text) => text.split("\n").filter((line) => line !== "")
    )

  return {
    /** Fails when the process exits before it listens. The process is killed when the scope closes. */
    start: Effect.fnUntraced(function*({ failpoint, heap, middleware = false, slowDisk = false }: StartOptions = {}) {
      const child = yield* Command.make(
        process.execPath,
        ...(heap === undefined ? [] : [`--max-old-space-size=${heap}`]),
        "--input-type=module",
        "-",
        dataDir,
        port,
        ...(middleware ? ["middleware"] : []),
        ...(slowDisk ? ["slow-disk"] : [])
      ).pipe(
        Command.feed(script),
        Command.env(failpoint === undefined ? {} : { LANGSWARM_FAILPOINT: failpoint }),
        Command.stderr("inherit"),
        Command.start
      )
      const listening = yield* Deferred.make<string, "the server ended before it listened">()
      // All that it prints is read, for a full or broken pipe would stop the server.
      yield* child.stdout.pipe(
        Stream.decodeText(),
        Stream.splitLines,
        Stream.runForEach((line) => line.startsWith("http:") ? Deferred.succeed(listening, line) : Effect.void),
        Effect.ensuring(Deferred.fail(listening, "the server ended before it listened")),
        Effect.forkScoped
      )
      const url = yield* Deferred.await(listening)
      port = new URL(url).port
      const running: RunningServer = {
        url,
        pid: child.pid,
        kill: child.kill,
        ended: Effect.asVoid(Effect.exit(child.exitCode))
      }
      return running
    }),

    /** The events that hooks received, as `session number tag`. */
    hooked: lines("hooks"),

    /** Each provider call, as an entry for the checker. */
    calls: Effect.map(lines("calls"), (all) =>
      all.map((line): HistoryChecker.LogEntry => {
        const [sessionId = "", turnId = ""] = line.split(" ")
        return { _tag: "Called", sessionId: SessionId.make(sessionId), turnId: TurnId.make(turnId) }
      })),

    /** The store. Use it only while no server runs. */
    store: SqliteSessionStore.layer({ filename: `${dataDir}/sessions.db` })
  }
})
