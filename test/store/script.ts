import { Command } from "@effect/platform"
import { Effect } from "effect"
import { build } from "esbuild"
import { fileURLToPath } from "node:url"

/**
 * A command that runs a file of this folder in a process of its own, with `wrapper`, such as `strace`, in front of it. It is
 * compiled first, so that nothing stands between the process and a signal; and fed, so that it finds the packages from the
 * working directory.
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
