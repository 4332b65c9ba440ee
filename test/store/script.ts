import { Command } from "@effect/platform"
import { Effect } from "effect"
import { build } from "esbuild"
import { fileURLToPath } from "node:url"

/**
 * A command that runs a file of this folder in its own process, behind a `wrapper` such as `strace`. The file is compiled
 * first, so that signals reach the process directly, and passed on stdin, so that packages resolve from the working
 * directory.
 */
export const script = (
  file: string,
  args: ReadonlyArray<string>,
  wrapper: ReadonlyArray<string> = []
): Effect.Effect<Command.Command> =>
  Effect.promise(() =>
    build({
      entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
      bundle: true,
      format: "esm",
      packages: "external",
      platform: "node",
      write: false
    })
  ).pipe(Effect.map(({ outputFiles: [output] }) => {
    const [command = process.execPath, ...rest] = [...wrapper, process.execPath, "--input-type=module", "-", ...args]
    return Command.make(command, ...rest).pipe(Command.feed(output?.text ?? ""), Command.stderr("inherit"))
  }))
