import { type ParseArgsConfig, parseArgs } from 'node:util'
import { isMobileOneError, MobileOneError } from '@mobileone/core'
import { didYouMean } from './did-you-mean.ts'

/** One flag of a command. */
export interface Flag {
  readonly type: 'string' | 'number' | 'boolean'
  /** One letter. */
  readonly short?: string
  /** What stands for the value in the help, for example `<path>`. */
  readonly value?: string
  readonly help: string
  readonly default?: string | number
  readonly choices?: readonly string[]
  /** A word that stands for a number to be found out. */
  readonly word?: string
  /** The smallest number allowed. Default 1. */
  readonly least?: number
  /** Numbers need not be whole. */
  readonly isFraction?: boolean
}
export type Flags = Readonly<Record<string, Flag>>

type WordOf<F extends Flag> = F extends { word: infer Word extends string } ? Word : never

/** Values of `F` after parsing: absent flags without a default are undefined. */
export type FlagValues<F extends Flags> = {
  readonly [K in keyof F]: F[K]['type'] extends 'boolean'
    ? boolean
    : F[K]['type'] extends 'number'
      ? (F[K] extends { default: number } ? number : number | undefined) | WordOf<F[K]>
      : F[K] extends { default: string }
        ? string
        : string | undefined
}

export interface Command<F extends Flags = Flags> {
  readonly name: string
  readonly summary: string
  /** Positional arguments as the usage line shows them, for example `<image...>`. */
  readonly positionals: string
  readonly minPositionals: number
  readonly maxPositionals: number
  readonly flags: F
  /** Further paragraphs of the help. */
  readonly details?: string
  readonly examples: readonly string[]
  /** Flags and help that take loading, which only a call of this command pays for. */
  more?(): Promise<{ readonly flags: Flags; readonly details: string }>
  /** @param more The values of the flags of `more`. */
  run(positionals: readonly string[], flags: FlagValues<F>, more: FlagValues<Flags>): Promise<void>
}

/** A mistake in how the program was called; its message ends with where to look. */
export class UsageError extends MobileOneError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('invalid-argument', message, options)
    this.name = 'UsageError'
  }
}

/** @throws UsageError with the first of `names` that is among the given flags, and why it has no effect there. */
export function refuseFlags<F extends object>(
  flags: F,
  names: readonly (keyof F & string)[],
  why: string,
): void {
  const given = names.find((name) => flags[name] !== undefined && flags[name] !== false)
  if (given !== undefined) throw new UsageError(`--${given} ${why}`)
}

/** Do `work`, in which a wrong argument is a mistake in how the program was called. */
export function asUsage<T>(work: () => T): T {
  const blame = (error: unknown): never => {
    if (!isMobileOneError(error) || error.code !== 'invalid-argument') throw error
    throw new UsageError(error.message, { cause: error })
  }
  try {
    const result = work()
    return result instanceof Promise ? (result.catch(blame) as T) : result
  } catch (error) {
    return blame(error)
  }
}

/** Keeps the flag types of a command definition. */
export function defineCommand<const F extends Flags>(command: Command<F>): Command<F> {
  return command
}

/** A call of a command, parsed and checked; `help` where that was asked for. */
export interface Call {
  readonly help?: string
  readonly positionals: readonly string[]
  readonly flags: FlagValues<Flags>
  readonly more: FlagValues<Flags>
}

/** Parse `args` for `command` and run it; `--help` prints the help instead. */
export async function runCommand(
  command: Command,
  args: readonly string[],
  print: (text: string) => void,
): Promise<void> {
  const { help, positionals, flags, more } = await parseArguments(command, args)
  if (help !== undefined) print(help)
  else await command.run(positionals, flags, more)
}

/**
 * What `args` ask of `command`.
 * @throws UsageError for flags it does not have, values they do not take, and too few or too many positional arguments.
 */
export async function parseArguments(command: Command, args: readonly string[]): Promise<Call> {
  const more = await command.more?.()
  const all: Command = more ? { ...command, flags: { ...command.flags, ...more.flags } } : command
  const { values, positionals } = parse(all, args)
  if (values.help) {
    const details = [command.details, more?.details].filter((text) => text !== undefined)
    const help = helpText(details.length > 0 ? { ...all, details: details.join('\n\n') } : all)
    return { help, positionals, flags: {}, more: {} }
  }
  if (positionals.length < command.minPositionals || positionals.length > command.maxPositionals) {
    throw new UsageError(
      `usage: mobileone ${command.name} ${command.positionals} (see mobileone ${command.name} --help)`,
    )
  }
  return {
    positionals,
    flags: flagValues(command, command.flags, values),
    more: flagValues(command, more?.flags ?? {}, values),
  }
}

function flagValues(
  command: Command,
  flags: Flags,
  values: Readonly<Record<string, string | boolean>>,
): FlagValues<Flags> {
  const parsed = Object.entries(flags).map(
    ([name, flag]) => [name, flagValue(command, name, flag, values[name])] as const,
  )
  return Object.fromEntries(parsed) as FlagValues<Flags>
}

function parse(
  command: Command,
  args: readonly string[],
): { values: Record<string, string | boolean>; positionals: string[] } {
  const options: NonNullable<ParseArgsConfig['options']> = { help: { type: 'boolean', short: 'h' } }
  for (const [name, flag] of Object.entries(command.flags)) {
    options[name] = {
      type: flag.type === 'boolean' ? 'boolean' : 'string',
      ...(flag.short && { short: flag.short }),
    }
  }
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    return { values: values as Record<string, string | boolean>, positionals }
  } catch (error) {
    const message = (error as Error).message.split('. ')[0] ?? ''
    const unknown = /^Unknown option '--([^']+)'/.exec(message)?.[1]
    const flags = ['help', ...Object.keys(command.flags)]
    const hint = unknown === undefined ? '' : didYouMean(unknown, flags).replace('mean ', 'mean --')
    throw new UsageError(`${message}${hint} (see mobileone ${command.name} --help)`)
  }
}

function flagValue(command: Command, name: string, flag: Flag, given: string | boolean | undefined): unknown {
  if (flag.type === 'boolean') return given === true
  const value = given ?? flag.default
  if (value === undefined) return undefined
  if (flag.choices && !flag.choices.includes(String(value))) {
    throw new UsageError(
      `--${name} must be one of ${flag.choices.join(', ')}; got "${value}"${didYouMean(String(value), flag.choices)}`,
    )
  }
  if (flag.type === 'string' || value === flag.word) return String(value)
  const number = Number(value)
  const { least = 1, isFraction } = flag
  if (!Number.isFinite(number) || number < least || !(isFraction || Number.isInteger(number))) {
    throw new UsageError(
      `--${name} of ${command.name} must be a ${isFraction ? '' : 'whole '}number of at least ${least}${flag.word ? ` or ${flag.word}` : ''}; got "${value}"`,
    )
  }
  return number
}

/** The help of one command: usage, flags, examples. */
export function helpText(command: Command): string {
  const flags: [string, string][] = Object.entries(command.flags).map(([name, flag]) => {
    const left = `${flag.short ? `-${flag.short}, ` : '    '}--${name}${flag.type === 'boolean' ? '' : ` ${flag.value ?? '<value>'}`}`
    const notes = [
      flag.choices ? flag.choices.join(' | ') : '',
      flag.default === undefined ? '' : `default ${flag.default}`,
    ]
    const extra = notes.filter((note) => note !== '').join('; ')
    return [left, extra ? `${flag.help} (${extra})` : flag.help]
  })
  flags.push(['-h, --help', 'Show this help'])
  const width = Math.max(...flags.map(([left]) => left.length))
  return [
    `mobileone ${command.name} ${command.positionals}`.trimEnd(),
    '',
    command.summary,
    ...(command.details ? ['', command.details] : []),
    '',
    'Flags',
    ...flags.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
    '',
    'Examples',
    ...command.examples.map((example) => `  ${example}`),
    '',
  ].join('\n')
}
