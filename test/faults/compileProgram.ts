import { Effect } from "effect"
import { build } from "esbuild"
import { fileURLToPath } from "node:url"

/** A TypeScript program as one ES module with all packages bundled, which halves the startup time of its process. */
export const compileProgram = (entryPoint: URL): Effect.Effect<string> =>
  Effect.promise(async () => {
    const { outputFiles } = await build({
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(process.cwd() + '/')" },
      bundle: true,
      entryPoints: [fileURLToPath(entryPoint)],
      external: ["better-sqlite3"],
      format: "esm",
      logLevel: "error",
      platform: "node",
      write: false
    })
    return outputFiles.map(({ text }) => text).join("\n")
  })
