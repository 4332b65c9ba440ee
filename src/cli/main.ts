#!/usr/bin/env node
import * as Command from "@effect/cli/Command"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import { analytics } from "./analytics.js"
import { backup } from "./backup.js"
import { chat } from "./chat.js"
import { cleanup } from "./cleanup.js"
import { configure } from "./configure.js"
import { deadLetters } from "./deadLetters.js"
import { edit } from "./edit.js"
import { erase } from "./erase.js"
import { exitCode } from "./exitCode.js"
import { exportSessions } from "./exportSessions.js"
import { fork } from "./fork.js"
import { importSessions } from "./importSessions.js"
import { list } from "./list.js"
import { messages } from "./messages.js"
import { migrate } from "./migrate.js"
import { optimize } from "./optimize.js"
import { pending } from "./pending.js"
import { providers } from "./providers.js"
import { reactivate } from "./reactivate.js"
import { replay } from "./replay.js"
import { reportError } from "./reportError.js"
import { rewind } from "./rewind.js"
import { runMain } from "./runMain.js"
import { search } from "./search.js"
import { send } from "./send.js"
import { serve } from "./serve.js"
import { serverExitCode } from "./serverExitCode.js"
import { show } from "./show.js"
import { stats } from "./stats.js"
import { stop } from "./stop.js"
import { version } from "./version.js"
import { watch } from "./watch.js"

const root = Command.make("langswarm-session").pipe(
  Command.withDescription("Conversations with language models that nothing can lose"),
  Command.withSubcommands([
    serve,
    chat,
    send,
    watch,
    pending,
    edit,
    stop,
    list,
    show,
    messages,
    search,
    providers,
    analytics,
    configure,
    fork,
    rewind,
    reactivate,
    exportSessions,
    importSessions,
    erase,
    cleanup,
    deadLetters,
    replay,
    optimize,
    stats,
    backup,
    migrate
  ])
)

const run = Command.run(root, { name: "langswarm-session", version })
const json = process.argv.includes("--json")
const isServer = process.argv[2] === "serve"

run(process.argv).pipe(
  Effect.tapError(reportError(json)),
  Effect.tapDefect((cause) => Effect.logFatal("langswarm-session has a defect", cause)),
  Effect.provide(NodeContext.layer),
  runMain({ exitCode: isServer ? serverExitCode : exitCode, outlivesOutput: isServer })
)
