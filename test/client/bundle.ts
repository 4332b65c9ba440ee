import { Effect } from "effect"
import { build } from "esbuild"

/** Bundles a program for a web page. It may import from `./src`. */
export const bundle = (program: string) =>
  Effect.promise(() =>
    build({
      stdin: { contents: program, resolveDir: process.cwd() },
      bundle: true,
      format: "esm",
      platform: "browser",
      metafile: true,
      write: false,
      logLevel: "silent"
    })
  )
