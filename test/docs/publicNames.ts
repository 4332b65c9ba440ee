import ts from "typescript"

/**
 * Knows what the package exports, and what its exports have, types and members included.
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

  /** A value, a type, or both, as some names are. */
  const typesOf = (symbol: ts.Symbol): ReadonlyArray<ts.Type> => [
    ...(symbol.flags & ts.SymbolFlags.Value ? [checker.getTypeOfSymbol(symbol)] : []),
    ...(symbol.flags & ts.SymbolFlags.Type ? [checker.getDeclaredTypeOfSymbol(symbol)] : [])
  ]

  const propertyOf = (type: ts.Type, name: string): ts.Type | undefined => {
    const property = checker.getPropertyOfType(checker.getApparentType(checker.getNonNullableType(type)), name)
    // What every function has is nothing of ours.
    const isOurs = property?.declarations?.some((each) => !program.isSourceFileDefaultLibrary(each.getSourceFile()))
    return property && isOurs ? checker.getTypeOfSymbol(property) : undefined
  }

  /** Has the type this member, or a case, an option or an interface of this name? What it is, or undefined. */
  const memberOf = (type: ts.Type, name: string): ReadonlyArray<ts.Type> => {
    const direct = propertyOf(type, name)
    if (direct) return [direct]
    // A service's tag: what is asked for is in its interface.
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
    // An option of a function.
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
      // A module is named after what it is about, and has it under that name: its fields count as the module's.
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

/** Of a symbol that is named `"/path/to/Name"`. */
const moduleName = (symbol: ts.Symbol): string => /([^/"]+)"$/.exec(symbol.name)?.[1] ?? ""
