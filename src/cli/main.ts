#!/usr/bin/env node
import * as Command from "@effect/cli/Command"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import { configure, fork, reactivate, rewind } from "./changes.js"
import { watch } from "./follow.js"
import { analytics, backup, deadLetters, migrate, optimize, replay, stats } from "./operate.js"
import { exitCode, reportError, runMain, serverExitCode } from "./run.js"
import { serve } from "./serve.js"
import { list, messages, providers, search, show } from "./sessions.js"
import { chat, send } from "./talk.js"
import { cleanup, erase, exportSessions, importSessions } from "./transfer.js"
import { edit, pending, stop } from "./turns.js"
import { version } from "./version.js"

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
