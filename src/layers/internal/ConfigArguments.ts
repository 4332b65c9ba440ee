/**
 * What is passed beside the name of a kind: the configuration of a kind that is known, which may be left out when no key of
 * it is required, or any object.
 */
export type ConfigArguments<Configs, Name extends string> = Name extends keyof Configs
  ? Partial<Configs[Name]> extends Configs[Name] ? [config?: Configs[Name]] : [config: Configs[Name]]
  : [config?: Readonly<Record<string, unknown>>]
