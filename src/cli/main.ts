#!/usr/bin/env node
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { lineLogger } from "./lineLogger.js"
import { root } from "./root.js"
import { exitCode, runMain, serverExitCode } from "./run.js"
import { Streams } from "./Streams.js"

const words = process.argv.slice(2)
const isServer = words[0] === "serve"

const { stderr, stdin, stdout } = process
const environment = Layer.mergeAll(
  NodeFileSystem.layer,
  NodePath.layer,
  Layer.sync(Streams, () => ({ stdin, stdout, stderr }))
)

root(words).pipe(
  Effect.provide(environment),
  runMain(isServer ? { exitCode: serverExitCode, logger: lineLogger, outlivesOutput: true } : { exitCode })
)
