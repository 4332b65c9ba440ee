/**
 * `npm run docs:api` writes docs/api, the API reference, from the doc comments of the package's entry points.
 * `node scripts/apiReference.mjs --check` fails if docs/api is not what it would write.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { Application, Converter, ReferenceType, ReflectionKind, UnknownType } from "typedoc"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const target = join(root, "docs", "api")

/** Characters of a type that are shown. */
const longest = 400

const entryPoints = Object.values(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).exports)
  .filter((file) => file.startsWith("./dist/"))
  .map((file) => join(root, file.replace("./dist/", "src/").replace(/\.js$/, ".ts")))

/**
 * A service's members are declared in the type of its Tag. Shows them as members of its class, which is how they are used.
 */
const showMembersOfTags = ({ project }) => {
  for (const each of project.getReflectionsByKind(ReflectionKind.Class)) {
    const members = each.extendedTypes?.flatMap(({ typeArguments = [] }) => typeArguments)
      .find(({ type }) => type === "reflection")?.declaration
    for (const child of [...(each.children ?? [])].filter((child) => child.kind === ReflectionKind.Constructor)) {
      project.removeReflection(child)
    }
    for (const child of members?.children?.slice() ?? []) {
      child.parent = each
      each.addChild(child)
    }
    if (members) members.children = undefined
  }
}

/** Shows the type of a member as the source writes it, by the names of types: else their parts fill the page. */
const showTypesAsWritten = (context) => {
  const [program] = context.programs
  context.setActiveProgram(program)
  for (const each of context.project.getReflectionsByKind(ReflectionKind.Property)) {
    if (!each.parent?.kindOf(ReflectionKind.ClassOrInterface)) continue
    const node = context.getSymbolFromReflection(each)?.declarations?.[0]?.type
    const isOurs = node !== undefined && !node.getSourceFile().fileName.includes("node_modules")
    if (isOurs) each.type = context.converter.convertType(scopeOf(context, each), node)
  }
}

const scopeOf = (context, reflection) =>
  reflection.parent === undefined ? context : scopeOf(context, reflection.parent).withScope(reflection)

/** A schema and its type have one name: the type shows the fields, and the schema only that it is one. */
const shortenSchemas = ({ project }) => {
  for (const variable of project.getReflectionsByKind(ReflectionKind.Variable)) {
    const type = variable.parent?.children?.find((each) =>
      each.name === variable.name && each.kindOf([ReflectionKind.Interface, ReflectionKind.TypeAlias])
    )
    if (type === undefined) {
      const isLong = variable.type?.type === "reference" && variable.type.toString().length > longest
      if (isLong) variable.type.typeArguments = undefined
      continue
    }
    if (type.comment === undefined) type.comment = variable.comment?.clone()
    variable.type = ReferenceType.createResolvedReference("Schema", -1, project)
    variable.type.typeArguments = [ReferenceType.createResolvedReference(type.name, type, project)]
  }
}

/** Names the type of a field whose parts would fill half a page. */
const shortenFields = (project) => {
  for (const each of project.getReflectionsByKind(ReflectionKind.Property)) {
    const isLong = each.type !== undefined && each.type.type !== "reflection" && each.type.toString().length > longest
    if (isLong && each.parent?.kindOf(ReflectionKind.ClassOrInterface)) {
      each.type = new UnknownType(`${each.parent.name}["${each.name}"]`)
    }
  }
}

/** Leaves out what a member is inherited from, which is the code of a base class as text. */
const hideBases = (project) => {
  for (const each of Object.values(project.reflections)) {
    each.inheritedFrom = undefined
    each.overwrites = undefined
    each.extendedTypes = each.extendedTypes?.filter((type) => type.reflection !== undefined)
    if (!each.extendedTypes?.length) {
      each.extendedTypes = undefined
      each.typeHierarchy = undefined
    }
  }
}

const write = async (out) => {
  const app = await Application.bootstrapWithPlugins({
    entryPoints,
    tsconfig: join(root, "tsconfig.build.json"),
    plugin: ["typedoc-plugin-markdown"],
    out,
    name: "langswarm-session",
    readme: "none",
    githubPages: false,
    // The pages must not depend on the place and time of generation.
    disableSources: true,
    disableGit: true,
    excludeInternal: true,
    excludePrivate: true,
    excludeExternals: true,
    hideGenerator: true,
    skipErrorChecking: true,
    sort: ["kind", "alphabetical"],
    validation: false,
    logLevel: "Warn",
    router: "module",
    hidePageHeader: true,
    hideBreadcrumbs: true,
    useCodeBlocks: true,
    expandObjects: false,
    expandParameters: true,
    parametersFormat: "table",
    interfacePropertiesFormat: "table",
    classPropertiesFormat: "table",
    typeDeclarationFormat: "table",
    propertyMembersFormat: "table",
    enumMembersFormat: "table"
  })
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    showMembersOfTags(context)
    showTypesAsWritten(context)
    shortenSchemas(context)
    for (const each of context.project.getReflectionsByKind(ReflectionKind.Module)) {
      each.name = each.name === "index" ? "langswarm-session" : `langswarm-session/${each.name}`
    }
  })
  app.converter.on(Converter.EVENT_END, ({ project }) => {
    shortenFields(project)
    hideBases(project)
  })
  const project = await app.convert()
  if (project === undefined) throw new Error("the sources could not be read")
  await app.generateOutputs(project)
  for (const file of filesIn(out)) {
    const path = join(out, file)
    writeFileSync(path, `${readFileSync(path, "utf8").trimEnd()}\n`)
  }
}

const filesIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted()

const contentsOf = (folder) => {
  try {
    return new Map(filesIn(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")]))
  } catch {
    return new Map()
  }
}

if (!process.argv.includes("--check")) {
  rmSync(target, { recursive: true, force: true })
  await write(target)
} else {
  const fresh = mkdtempSync(join(tmpdir(), "api-"))
  try {
    await write(fresh)
    const [expected, actual] = [contentsOf(fresh), contentsOf(target)]
    const stale = [...new Set([...expected.keys(), ...actual.keys()])]
      .filter((file) => expected.get(file) !== actual.get(file))
    for (const file of stale) process.stdout.write(`docs/api/${file} is not up to date\n`)
    process.stdout.write(`${expected.size} pages of the API reference, ${stale.length} not up to date\n`)
    if (stale.length > 0) {
      process.stdout.write("Run npm run docs:api, and commit docs/api.\n")
      process.exitCode = 1
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}
