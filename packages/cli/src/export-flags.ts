import type { Exporter, ExporterOption } from '@mobileone/core'
import type { Flag, Flags } from './command.ts'

/** The flag of an exporter's option, undefined for an option of the API alone. */
export function flagName(name: string, option: ExporterOption): string | undefined {
  if (option.flag === false) return undefined
  return option.flag ?? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** The flag that takes the value of `option`. */
export function optionFlag(option: ExporterOption): Flag {
  const help = option.description
  switch (option.kind) {
    case 'switch':
      return { type: 'boolean', help }
    case 'choice':
      return {
        type: 'string',
        value: '<which>',
        help,
        choices: option.choices,
        ...(option.default !== undefined && { default: option.default }),
      }
    case 'text':
    case 'object':
      return { type: 'string', value: '<text>', help }
    default:
      return option satisfies never
  }
}

/**
 * The flags of all exporters: one for the options of several that share its name, with the choices of all. None has a default, so
 * that a flag that was given is told from one that was not; the help names the defaults.
 */
export function exportFlags(exporters: readonly Exporter[]): Flags {
  const flags: Record<string, Flag> = {}
  const helps = new Map<string, Map<string, string[]>>()
  for (const { format, options } of exporters) {
    for (const [name, option] of Object.entries(options)) {
      const flag = flagName(name, option)
      if (flag === undefined) continue
      const { default: preset, ...rest } = optionFlag(option)
      const choices = [...new Set([...(flags[flag]?.choices ?? []), ...(rest.choices ?? [])])]
      flags[flag] = { ...rest, ...(choices.length > 0 && { choices }) }
      const help = `${lowerFirst(rest.help)}${preset === undefined ? '' : ` (default ${preset})`}`
      const formats = helps.get(flag) ?? new Map<string, string[]>()
      formats.set(help, [...(formats.get(help) ?? []), format])
      helps.set(flag, formats)
    }
  }
  for (const [flag, formats] of helps) {
    const help = [...formats].map(([text, names]) => `${names.join(', ')}: ${text}`).join('; ')
    flags[flag] = { ...(flags[flag] as Flag), help }
  }
  return flags
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

/** The options that `values` of flags mean to `exporter`; a flag that it does not have stays under its own name. */
export function exportOptions(
  { options }: Exporter,
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const names = new Map(Object.entries(options).map(([name, option]) => [flagName(name, option), name]))
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== false)
  return Object.fromEntries(given.map(([flag, value]) => [names.get(flag) ?? flag, value]))
}
