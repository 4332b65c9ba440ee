/**
 * Type-checks every `ts` block of README.md, CONTRIBUTING.md, SECURITY.md and docs/*.md, as `npm run check:docs` does.
 *
 * A block is a module of its own. Names that it uses and does not declare are imported, in this order, from an earlier
 * block of the same page, from this package, from `effect`, `@effect/platform`, `@effect/platform-node` and
 * `@effect/vitest`, and from `standIns.ts`, which declares names from the reader's program, such as `apiKey` and `session`.
 * A block with `yield*` outside of a generator is put into `Effect.gen`. Relative imports are those of `examples/`.
 * `<!-- dprint-ignore -->` above such a block keeps the formatter from reading `yield*` as a product.
 * An HTML comment above a block, `<!-- setup: const limit = 10 -->`, holds code that the page does not show.
 */
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`)
]

const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile)
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
const compilerOptions = { ...options, noEmit: true, noUnusedLocals: false, declaration: false, sourceMap: false }

/** The blocks of a page: where each begins, its code, and its setup. */
const blocksIn = (page) => {
  const text = readFileSync(join(root, page), "utf8")
  const blocks = text.matchAll(/(?:<!-- setup:(?<setup>[^]*?)-->\n+)?(?:<!-- dprint-ignore -->\n+)?(?<fence>```ts\n)(?<code>[^]*?)^```$/gm)
  return Array.from(blocks, ({ 0: all, groups, index }, number) => {
    const before = text.slice(0, index + all.indexOf(groups.fence))
    return {
      page,
      line: before.split("\n").length,
      file: join(root, "examples", `${page.replaceAll("/", "_")}.${number + 1}.ts`),
      code: groups.code,
      setup: groups.setup?.trim().replaceAll(/\s+/g, " ") ?? ""
    }
  })
}

const isFunction = (node) => ts.isFunctionLike(node) || ts.isClassLike(node)

/** What a block imports, declares and names, and whether it yields outside of a generator. */
const scan = (code) => {
  const source = ts.createSourceFile("block.ts", code, ts.ScriptTarget.Latest, true)
  const used = new Set()
  let yields = false
  const visit = (node, isInside) => {
    if (ts.isIdentifier(node)) used.add(node.text)
    if (!isInside && (ts.isYieldExpression(node) || (ts.isIdentifier(node) && node.text === "yield"))) yields = true
    ts.forEachChild(node, (child) => visit(child, isInside || isFunction(node)))
  }
  visit(source, false)

  const imports = source.statements.filter(ts.isImportDeclaration)
  const imported = imports.flatMap(({ importClause }) => {
    const bindings = importClause?.namedBindings
    const names = bindings === undefined ? [] : ts.isNamedImports(bindings) ? bindings.elements : [bindings]
    return [importClause, ...names].flatMap((each) => each?.name?.text ?? [])
  })

  const declared = source.statements.flatMap((statement) =>
    ts.isVariableStatement(statement)
      ? statement.declarationList.declarations.flatMap(({ name }) => namesIn(name))
      : statement.name?.text ?? []
  )
  return { imports, imported, declared, used, yields }
}

const namesIn = (name) =>
  ts.isIdentifier(name) ? [name.text] : name.elements.flatMap((element) => element.name ? namesIn(element.name) : [])

/** An entry point of this package, and the module it is made of. */
const ownEntries = Object.entries(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).exports)
  .filter(([, target]) => typeof target === "string" && target.startsWith("./dist/"))
  .map(([entry, target]) => ({
    specifier: entry === "." ? "langswarm-session" : `langswarm-session/${entry.slice(2)}`,
    file: join(root, target.replace("./dist/", "src/").replace(/\.js$/, ".ts"))
  }))

const others = ["effect", "@effect/platform", "@effect/platform-node", "@effect/vitest"]
const standIns = join(root, "scripts", "standIns.ts")
const probe = join(root, "examples", "probe.ts")

const virtual = new Map([[probe, others.map((name) => `import {} from "${name}"`).join("\n")]])
const host = ts.createCompilerHost(compilerOptions)
const { fileExists, getSourceFile, readFile } = host
host.fileExists = (path) => virtual.has(path) || fileExists(path)
host.readFile = (path) => virtual.get(path) ?? readFile(path)
// Both programs share the files read from disk.
const parsed = new Map()
host.getSourceFile = (path, ...rest) => {
  if (virtual.has(path)) {
    const format = { languageVersion: options.target, impliedNodeFormat: ts.ModuleKind.ESNext }
    return ts.createSourceFile(path, virtual.get(path), format)
  }
  if (!parsed.has(path)) parsed.set(path, getSourceFile(path, ...rest))
  return parsed.get(path)
}

/** Where each public name comes from, and whether it is a type only. */
const knownNames = (program) => {
  const checker = program.getTypeChecker()
  const known = new Map()
  const add = (file, specifier) => {
    const module = file && checker.getSymbolAtLocation(file)
    if (module === undefined) throw new Error(`${specifier} is not a module`)
    for (const each of checker.getExportsOfModule(module)) {
      const symbol = each.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(each) : each
      const isType = (symbol.flags & ts.SymbolFlags.Value) === 0
      if (!known.has(each.name)) known.set(each.name, { specifier, isType })
    }
  }
  for (const { file, specifier } of ownEntries) add(program.getSourceFile(file), specifier)
  for (const statement of program.getSourceFile(probe).statements) {
    const symbol = checker.getSymbolAtLocation(statement.moduleSpecifier)
    add(symbol?.declarations?.[0], statement.moduleSpecifier.text)
  }
  add(program.getSourceFile(standIns), "../scripts/standIns.js")
  // `Array` means JavaScript's, not the module of `effect`.
  for (const name of [...known.keys()].filter((name) => name in globalThis)) {
    if (others.includes(known.get(name).specifier)) known.delete(name)
  }
  return known
}

/** A block as a module. All that is added stands on its first line, so that line numbers stay. */
const toModule = ({ code, setup }, known, earlier) => {
  const { declared, imported, imports, used, yields } = scan(`${setup}\n${code}`)
  if (yields) used.add("Effect")
  const own = new Set([...declared, ...imported])
  const added = [...used].filter((name) => !own.has(name)).flatMap((name) => {
    const { isType, specifier } = earlier.get(name) ?? known.get(name) ?? {}
    return specifier === undefined ? [] : [`import { ${isType ? "type " : ""}${name} } from "${specifier}";`]
  })
  if (!yields) {
    const exported = declared.length === 0 ? "export {}" : `export { ${[...new Set(declared)].join(", ")} }`
    return { text: `${added.join("")}${setup}\n${code}\n${exported}`, declared }
  }
  let body = `${setup}\n${code}`
  const hoisted = imports.map((each) => each.getText().replaceAll(/\s+/g, " "))
  for (const each of imports) body = body.replace(each.getText(), (text) => text.replaceAll(/[^\n]/g, ""))
  body = body.replaceAll(/\byield \* /g, "yield* ")
  return {
    text: `${added.join("")}${hoisted.join(";")};export const program = Effect.gen(function*() {${body}\n})`,
    declared: []
  }
}

const first = ts.createProgram([...ownEntries.map(({ file }) => file), probe, standIns], compilerOptions, host)
const known = knownNames(first)

const blocks = pages.flatMap((page) => {
  const earlier = new Map()
  return blocksIn(page).map((block) => {
    const { declared, text } = toModule(block, known, earlier)
    virtual.set(block.file, text)
    const specifier = `./${relative(join(root, "examples"), block.file).replace(/\.ts$/, ".js")}`
    for (const name of declared) earlier.set(name, { specifier, isType: false })
    return block
  })
})

const uninstalled = join(root, "scripts", "uninstalled.d.ts")
const program = ts.createProgram([standIns, uninstalled, ...blocks.map(({ file }) => file)], compilerOptions, host, first)
const problems = blocks.flatMap((block) => {
  const file = program.getSourceFile(block.file)
  return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map((diagnostic) => {
    const { line } = file.getLineAndCharacterOfPosition(diagnostic.start)
    const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n  ")
    return `${block.page}:${block.line + line}: ${message}`
  })
})

process.stdout.write(`${[...problems, `${blocks.length} code blocks, ${problems.length} problems`].join("\n")}\n`)
process.exitCode = problems.length === 0 ? 0 : 1
