import type { Command, CommandEntry, CommandGroup } from "./command.js"
import type { Parameter } from "./parameters.js"
import { version } from "./version.js"

/** Columns that help takes at most. */
const width = 100

type Style = (text: string) => string

/**
 * The first screen: all commands by group, with an example for each group.
 */
export const rootHelp = (groups: ReadonlyArray<CommandGroup>, bold: Style): string => {
  const column = 2 + Math.max(...groups.flatMap(({ commands }) => commands.map(({ name }) => name.length)))
  return [
    `langswarm-session ${version}: durable conversations with language models`,
    "",
    "langswarm-session COMMAND [OPTIONS]",
    ...groups.flatMap(({ commands, example, title }) => [
      "",
      bold(title),
      ...commands.map(({ name, summary }) => `  ${name.padEnd(column)}${summary}`),
      `  ${"".padEnd(column)}$ ${example}`
    ]),
    "",
    "langswarm-session COMMAND --help shows a command's options; --version prints the version."
  ].join("\n")
}

/**
 * The help of one command: its usage, an example, arguments, options with their defaults, and environment variables.
 */
export const commandHelp = (
  { example, name, summary }: CommandEntry,
  command: Command,
  bold: Style
): string => {
  const places = command.arguments.map(({ name, presence }) => presence === "required" ? ` ${name}` : ` [${name}]`)
  const required = command.options.filter(({ presence }) => presence === "required")
  const usage = [
    `langswarm-session ${name}`,
    ...required.map(({ name, placeholder }) => ` ${name} ${placeholder}`),
    ...places,
    " [OPTIONS]"
  ]
  const variables = command.environment.map(([name, description]) => ({ name, description }))
  return [
    summary,
    "",
    usage.join(""),
    `$ ${example}`,
    ...section("Arguments", command.arguments.map(argumentRow), bold),
    ...section("Options", command.options.map(optionRow), bold),
    ...section("Environment", variables, bold)
  ].join("\n")
}

interface Row {
  readonly name: string
  readonly description: string
}

const argumentRow = ({ description, name }: Parameter<unknown>): Row => ({ name, description: sentence(description) })

const optionRow = (
  { alias, defaultValue, description, name, placeholder, presence, variable }: Parameter<unknown>
): Row => ({
  name: [alias && `${alias}, `, name, placeholder && ` ${placeholder}`].join(""),
  description: [
    sentence(description),
    presence === "required" && "Required.",
    defaultValue !== undefined && `Default: ${defaultValue}.`,
    variable !== undefined && `Environment: ${variable}.`
  ].filter((part) => part !== false).join(" ")
})

const sentence = (text: string): string => text.endsWith(".") ? text : `${text}.`

const longestName = 26

/** Names in one column, descriptions in the next; a name that is too long gets a line of its own. */
const section = (title: string, rows: ReadonlyArray<Row>, bold: Style): ReadonlyArray<string> => {
  if (rows.length === 0) return []
  const column = 4 + Math.min(longestName, Math.max(...rows.map(({ name }) => name.length)))
  const indent = "".padEnd(column)
  const lines = rows.flatMap(({ description, name }) => {
    const [first = "", ...others] = wrap(description, width - column)
    const start = name.length > longestName ? [`  ${name}`, indent + first] : [`  ${name}`.padEnd(column) + first]
    return [...start, ...others.map((line) => indent + line)]
  })
  return ["", bold(title), ...lines]
}

const wrap = (text: string, columns: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (const word of text.split(" ")) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + 1 + word.length <= columns) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}
