import ts from "typescript"

/**
 * Looks up names that the package exports, and their members, including types.
 */
export const publicNames = (root: string) => {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const entries = ["", "domain/", "store/", "provider/", "registry/", "rpc/", "client/", "testing/", "promise/"]
    .map((name) => `${root}src/${name}index.ts`).filter(ts.sys.fileExists)
  const program = ts.createProgram(entries, { ...options, noEmit: true, skipLibCheck: true })
  const checker = program.getTypeChecker()

  const exportsOf = (symbol: ts.Symbol): ReadonlyMap<string, ts.Symbol> =>
    new Map(checker.getExportsOfModule(symbol).map((each) => [each.name, original(each)]))

  const original = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol

  const exported = new Map<string, ts.Symbol>()
  for (const entry of entries) {
    const file = program.getSourceFile(entry)
    const symbol = file && checker.getSymbolAtLocation(file)
    if (symbol) { for (const [name, each] of exportsOf(symbol)) exported.set(name, each) }
  }

  /** The type of a value, the declared type, or both for a name that is both. */
  const typesOf = (symbol: ts.Symbol): ReadonlyArray<ts.Type> => [
    ...(symbol.flags & ts.SymbolFlags.Value ? [checker.getTypeOfSymbol(symbol)] : []),
    ...(symbol.flags & ts.SymbolFlags.Type ? [checker.getDeclaredTypeOfSymbol(symbol)] : [])
  ]

  const propertyOf = (type: ts.Type, name: string): ts.Type | undefined => {
    const property = checker.getPropertyOfType(checker.getApparentType(checker.getNonNullableType(type)), name)
    // Ignores members from the standard library, such as those of every function.
    const isOurs = property?.declarations?.some((each) => !program.isSourceFileDefaultLibrary(each.getSourceFile()))
    return property && isOurs ? checker.getTypeOfSymbol(property) : undefined
  }

  /** Finds a member, union case or option with this name. Returns its types. */
  const memberOf = (type: ts.Type, name: string): ReadonlyArray<ts.Type> => {
    const direct = propertyOf(type, name)
    if (direct) return [direct]
    // A Tag class: the member may be in its service interface.
    const service = propertyOf(type, "Type")
    const served = service && propertyOf(service, name)
    if (served) return [served]
    for (const each of type.isUnion() ? type.types : []) {
      if (each.isStringLiteral() && each.value === name) return [each]
      const tag = propertyOf(each, "_tag")
      if (tag?.isStringLiteral() && tag.value === name) return [each]
      const found = propertyOf(each, name)
      if (found) return [found]
    }
    // An option in the first parameter of a function.
    return type.getCallSignatures().flatMap((signature) =>
      signature.parameters.slice(0, 1).flatMap((parameter) => {
        const option = propertyOf(checker.getTypeOfSymbol(parameter), name)
        return option ? [option] : []
      })
    )
  }

  const resolve = (types: ReadonlyArray<ts.Type>, path: ReadonlyArray<string>): boolean => {
    const [name, ...rest] = path
    if (name === undefined) return true
    const found = types.flatMap((type) => memberOf(type, name))
    return found.length > 0 && resolve(found, rest)
  }

  const resolveIn = (symbol: ts.Symbol, [name, ...rest]: ReadonlyArray<string>): boolean => {
    if (name === undefined) return true
    if (symbol.flags & ts.SymbolFlags.ValueModule) {
      const members = exportsOf(symbol)
      const member = members.get(name)
      if (member) return resolveIn(member, rest)
      // A module may export a type or value of its own name, whose members count as the module's.
      const same = members.get(moduleName(symbol))
      return same !== undefined && resolveIn(same, [name, ...rest])
    }
    return resolve(typesOf(symbol), [name, ...rest])
  }

  return {
    has: (name: string): boolean => {
      const [first = "", ...path] = name.split(".")
      const symbol = exported.get(first)
      return symbol !== undefined && resolveIn(symbol, path)
    }
  }
}

/** Returns `Name` for a symbol that is named `"/path/to/Name"`. */
const moduleName = (symbol: ts.Symbol): string => /([^/"]+)"$/.exec(symbol.name)?.[1] ?? ""
