import { Command, type CommandExecutor, FileSystem } from "@effect/platform"
import { Effect, Option, Stream } from "effect"
import { build } from "esbuild"
import { fileURLToPath } from "node:url"
import { SessionId, TurnId } from "../../src/domain/Ids.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import type { Failpoint, HistoryChecker } from "../../src/testing/index.js"

/** Once, and with all packages in it, which halves the time it takes to start. */
const compiled = Effect.runSync(Effect.cached(Effect.promise(async () => {
  const { outputFiles } = await build({
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(process.cwd() + '/')" },
    bundle: true,
    entryPoints: [fileURLToPath(new URL("server.ts", import.meta.url))],
    external: ["better-sqlite3"],
    format: "esm",
    logLevel: "error",
    platform: "node",
    write: false
  })
  return outputFiles.map(({ text }) => text).join("\n")
})))

export interface StartOptions {
  /** Where it breaks, and at which time. */
  readonly failpoint?: `${Failpoint}:kill` | `${Failpoint}:kill:${number}`
  /** Whether there is middleware between the acceptance of a turn and its call. */
  readonly middleware?: boolean
  /** Whether each commit takes its time. */
  readonly slowDisk?: boolean
}

export interface RunningServer {
  readonly url: string
  readonly kill: CommandExecutor.Process["kill"]
  /** Waits until the process is gone. */
  readonly ended: Effect.Effect<void>
}

/**
 * A server with a database of its own, which can be started again and again on the same port, and a look at what it has left
 * behind.
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
    /** Fails when it ends before it listens. The process is killed with the scope. */
    start: Effect.fnUntraced(function*({ failpoint, middleware = false, slowDisk = false }: StartOptions = {}) {
      const child = yield* Command.make(
        process.execPath,
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
      const url = yield* child.stdout.pipe(
        Stream.decodeText(),
        Stream.splitLines,
        Stream.filter((line) => line.startsWith("http:")),
        Stream.runHead
      )
      if (Option.isNone(url)) return yield* Effect.fail("the server ended before it listened" as const)
      port = new URL(url.value).port
      const running: RunningServer = {
        url: url.value,
        kill: child.kill,
        ended: Effect.asVoid(Effect.exit(child.exitCode))
      }
      return running
    }),

    /** The events that hooks were told of, as `session number tag`. */
    hooked: lines("hooks"),

    /** Each provider call, as the checker wants it. */
    calls: Effect.map(lines("calls"), (all) =>
      all.map((line): HistoryChecker.LogEntry => {
        const [sessionId = "", turnId = ""] = line.split(" ")
        return { _tag: "Called", sessionId: SessionId.make(sessionId), turnId: TurnId.make(turnId) }
      })),

    /** The store, once no server runs. */
    store: SqliteSessionStore.layer({ filename: `${dataDir}/sessions.db` })
  }
})
