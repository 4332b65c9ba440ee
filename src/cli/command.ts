import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import { combine, type ParametersOf, parse } from "./internal/parse.js"
import { choice, flag, option, type Parameter, type Reader } from "./parameters.js"
import type { Streams } from "./Streams.js"

/**
 * What a command may use.
 */
export type CommandEnvironment = FileSystem.FileSystem | Path.Path | Streams

/**
 * One command: what help shows of it, and what it does. Its name and summary are in the table of `commands`, so that help can
 * list all commands without loading any.
 */
export interface Command {
  readonly options: ReadonlyArray<Parameter<unknown>>
  readonly arguments: ReadonlyArray<Parameter<unknown>>
  /** Environment variables besides those of options, with what they do. */
  readonly environment: ReadonlyArray<readonly [variable: string, description: string]>
  /** Reads the words after the command's name, and runs it. Fails with `UsageError` when they are wrong. */
  readonly run: (words: ReadonlyArray<string>) => Effect.Effect<void, Error, CommandEnvironment>
}

/**
 * A command in the table: what help lists, and how to load the rest.
 */
export interface CommandEntry {
  readonly name: string
  readonly summary: string
  readonly example: string
  /** Loads the command's module, so that each command pays only for what it needs. */
  readonly load: () => Promise<Command>
}

export interface CommandGroup {
  readonly title: string
  readonly example: string
  readonly commands: ReadonlyArray<CommandEntry>
}

/**
 * Makes a command of its parameters and of what it does with them.
 *
 * Commands are parsed here and not by `@effect/cli`, whose errors do not name the option of a wrong value, whose help shows
 * neither defaults nor environment variables in one line, and which costs half of the time that a command takes to start.
 */
export const defineCommand = <Options extends object, Arguments extends object, E extends Error>(
  { arguments: args, environment = [], options }: {
    readonly options: ParametersOf<Options>
    readonly arguments: ParametersOf<Arguments>
    readonly environment?: Command["environment"]
  },
  run: (input: Options & Arguments) => Effect.Effect<void, E, CommandEnvironment>
): Command => {
  const allOptions = combine<Options, CommonOptions>(options, commonOptions)
  return {
    options: Object.values(allOptions),
    arguments: Object.values(args),
    environment,
    run: (words) =>
      Effect.flatMap(
        parse(words, allOptions, args),
        (input) =>
          Option.match(input.logLevel, {
            onNone: () => run(input),
            onSome: (level) => Logger.withMinimumLogLevel(run(input), levels[level])
          })
      )
  }
}

const levels = {
  all: LogLevel.All,
  trace: LogLevel.Trace,
  debug: LogLevel.Debug,
  info: LogLevel.Info,
  warning: LogLevel.Warning,
  error: LogLevel.Error,
  fatal: LogLevel.Fatal,
  none: LogLevel.None
} as const

type Level = keyof typeof levels

const level: Reader<Level> = {
  ...choice("all", "trace", "debug", "info", "warning", "error", "fatal", "none"),
  placeholder: "LEVEL"
}

interface CommonOptions {
  readonly logLevel: Option.Option<Level>
  readonly help: boolean
}

const commonOptions: ParametersOf<CommonOptions> = {
  logLevel: option("log-level", level, "Least severe level to log, such as debug or warning. Default: info"),
  help: flag("help", "Show this help", "h")
}
