import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as AST from "effect/SchemaAST"

/**
 * What is wrong with an input: where, and why. The reason completes a sentence that begins with the field's name.
 */
export interface InputProblem {
  readonly path: ReadonlyArray<string>
  readonly reason: string
}

/**
 * Puts a schema's finding in plain words, without the input's values and without the names of schemas.
 */
export const toInputProblem = (issue: ParseResult.ParseIssue): InputProblem => {
  const findings = findingsOf(issue, [])
  const path = findings[0]?.path ?? []
  return { path: path.map(String), reason: toReason(findings.filter((finding) => isSamePath(finding.path, path))) }
}

type Path = ReadonlyArray<PropertyKey>

/** Either a reason that a schema's author wrote, or what a schema expects. */
interface Finding {
  readonly path: Path
  readonly reason?: string
  readonly expected?: AST.AST
  /** Only its type is looked at: it may be secret, and large. */
  readonly actual?: unknown
}

const isSamePath = (one: Path, other: Path): boolean =>
  one.length === other.length && one.every((key, index) => key === other[index])

const findingsOf = (
  issue: ParseResult.ParseIssue,
  path: Path,
  parent?: AST.AST
): Arr.NonEmptyReadonlyArray<Finding> => {
  const custom = customMessage(issue)
  if (custom !== undefined) return [{ path, reason: custom }]
  switch (issue._tag) {
    case "Pointer":
      return findingsOf(issue.issue, [...path, ...Arr.ensure(issue.path)], parent)
    case "Missing":
      return [{ path, reason: "is missing" }]
    case "Unexpected":
      return [{ path, reason: `is not a known field${knownFields(parent)}` }]
    case "Forbidden":
      return [{ path, reason: "cannot be checked" }]
    case "Refinement":
    case "Transformation":
      return findingsOf(issue.issue, path, issue.ast)
    case "Composite": {
      const [first, ...others] = Arr.ensure(issue.issues)
      const whole: Finding = { path, expected: issue.ast, actual: issue.actual }
      if (first === undefined) return [whole]
      return issue.ast._tag === "Union"
        ? meantMembers(Arr.flatMap([first, ...others], (each) => findingsOf(each, path, issue.ast)), whole)
        : findingsOf(first, path, issue.ast)
    }
    case "Type":
      return issue.message === undefined || quotesInput(issue)
        ? [{ path, expected: issue.ast, actual: issue.actual }]
        : [{ path, reason: issue.message }]
  }
}

/**
 * Every member of a union is tried. The one that was meant is the one that got furthest into the input; failing that, one of the
 * input's type.
 */
const meantMembers = (
  members: Arr.NonEmptyReadonlyArray<Finding>,
  whole: Finding
): Arr.NonEmptyReadonlyArray<Finding> => {
  const depth = Math.max(...members.map(({ path }) => path.length))
  const meant = depth > whole.path.length
    ? members.filter(({ path }) => path.length === depth)
    : members.filter(({ expected, reason }) =>
      reason !== undefined || (expected !== undefined && isOfType(expected, whole.actual))
    )
  return Arr.isNonEmptyReadonlyArray(meant) ? meant : [whole]
}

/** Messages of Effect's own transformations quote what they could not read. */
const quotesInput = ({ ast, message = "" }: ParseResult.Type): boolean =>
  message.startsWith("Unable to ") || isParseJson(ast)

const isParseJson = (ast: AST.AST): boolean => Option.contains(AST.getTitleAnnotation(ast), "parseJson")

/** The message that a schema is annotated with. As in Effect, it replaces those of its parts only when it overrides. */
const customMessage = (issue: ParseResult.ParseIssue): string | undefined => {
  if (!("ast" in issue) || issue._tag === "Missing") return undefined
  const annotation = Option.getOrUndefined(AST.getMessageAnnotation(issue.ast))?.(
    new ParseResult.Type(issue.ast, undefined)
  )
  if (annotation === undefined) return undefined
  const isOwn = issue._tag === "Type" ||
    (issue._tag === "Refinement" && issue.kind === "Predicate") ||
    (issue._tag === "Transformation" && issue.kind === "Transformation")
  const { message, override } = typeof annotation === "string" || Effect.isEffect(annotation)
    ? { message: annotation, override: false }
    : annotation
  if (!isOwn && !override) return undefined
  return typeof message === "string" ? message : Effect.runSync(message)
}

const knownFields = (ast: AST.AST | undefined): string =>
  ast?._tag === "TypeLiteral" && ast.propertySignatures.length > 0
    ? `; known are ${ast.propertySignatures.map(({ name }) => String(name)).join(", ")}`
    : ""

const toReason = (findings: ReadonlyArray<Finding>): string => {
  const reasons = findings.flatMap(({ reason }) => reason ?? [])
  const expected = findings.flatMap((finding) => finding.expected ?? [])
  if (expected.length === 0) return Arr.dedupe(reasons).join(", or ")
  const { actual } = findings[0] ?? {}
  const got = expected.some((ast) => isOfType(ast, actual)) ? "" : ` (got ${typeName(actual)})`
  return [...Arr.dedupe(reasons), `must be ${oneOf(expected.flatMap(describe))}${got}`].join(", or ")
}

const oneOf = (descriptions: ReadonlyArray<string>): string => {
  const [first = "", ...others] = Arr.dedupe(descriptions)
  if (others.length === 0) return first
  return [first, ...others].every((text) => text.startsWith("\""))
    ? `one of ${[first, ...others].join(", ")}`
    : [first, ...others].join(" or ")
}

const time = "a time in ISO 8601, such as 2026-03-01T12:00:00Z"

/** Where Effect has a name or a phrase about types, and no words for a person. */
const known: Readonly<Record<string, string>> = {
  DateTimeUtc: time,
  DateTimeUtcFromSelf: time,
  DurationFromSelf: "a duration",
  UUID: "a UUID"
}

const describe = (ast: AST.AST): ReadonlyArray<string> => {
  const byName = known[Option.getOrElse(AST.getIdentifierAnnotation(ast), () => "")]
  if (byName !== undefined) return [byName]
  if (isParseJson(ast)) return ["JSON"]
  const text = Option.getOrUndefined(Option.map(AST.getDescriptionAnnotation(ast), plain))
  switch (ast._tag) {
    case "StringKeyword":
    case "TemplateLiteral":
      return [text ?? "a string"]
    case "NumberKeyword":
      return [text ?? "a number"]
    case "BooleanKeyword":
      return ["true or false"]
    case "Literal":
      return [JSON.stringify(ast.literal)]
    case "Union":
      return text === undefined ? ast.types.flatMap(describe) : [text]
    case "TypeLiteral":
    case "ObjectKeyword":
      return [text ?? "an object"]
    case "TupleType":
      return [text ?? "an array"]
    case "Refinement":
    case "Transformation":
      return text === undefined ? describe(ast.from) : [text]
    case "Suspend":
      return describe(ast.f())
    case "UndefinedKeyword":
    case "VoidKeyword":
      return ["left out"]
    default:
      return [text ?? "another value"]
  }
}

/** Effect's own descriptions, in better English. */
const plain = (description: string): string =>
  description.replace(/ to be decoded into .*/s, "").replace("(s)", "s").replace("non empty", "non-empty")

/** Whether a value has the type that is expected, so that to name its type would tell nothing. */
const isOfType = (ast: AST.AST, actual: unknown): boolean => {
  switch (ast._tag) {
    case "StringKeyword":
    case "TemplateLiteral":
      return typeof actual === "string"
    case "NumberKeyword":
      return typeof actual === "number"
    case "Literal":
      return typeof actual === typeof ast.literal
    case "Union":
      return ast.types.some((member) => isOfType(member, actual))
    case "Refinement":
    case "Transformation":
      return isOfType(ast.from, actual)
    case "Suspend":
      return isOfType(ast.f(), actual)
    case "TupleType":
      return Array.isArray(actual)
    case "Declaration":
      return actual !== undefined && actual !== null
    default:
      return false
  }
}

const typeName = (value: unknown): string => {
  if (value === undefined || value === null) return String(value)
  if (Array.isArray(value)) return "an array"
  return typeof value === "object" ? "an object" : `a ${typeof value}`
}
