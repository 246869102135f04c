import { type ParseArgsConfig, parseArgs } from 'node:util'
import { MobileOneError } from '@mobileone/core'

/** Options as `parseArgs` finds them. @throws MobileOneError `invalid-argument` in the words of `parseArgs`. */
export function readOptions<Specs extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  specs: Specs,
): ReturnType<typeof parseArgs<{ options: Specs }>>['values'] {
  try {
    return parseArgs({ args: [...args], options: specs }).values
  } catch (error) {
    throw new MobileOneError('invalid-argument', (error as Error).message.split('. ')[0] ?? '')
  }
}

/** The names in `given`, all of them known. @throws MobileOneError `invalid-argument`, naming what there is. */
export function namesOf<Name extends string>(
  option: string,
  given: string | undefined,
  known: readonly Name[],
): Name[] {
  if (given === undefined) return [...known]
  const names = given
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const unknown = names.find((name) => !known.includes(name as Name))
  if (unknown !== undefined || names.length === 0) {
    throw new MobileOneError(
      'invalid-argument',
      `--${option} takes ${known.join(', ')}; there is no "${unknown ?? ''}"`,
    )
  }
  return names as Name[]
}

/** A number of at least `least`. @throws MobileOneError `invalid-argument`. */
export function numberOf(
  option: string,
  given: string | undefined,
  fallback: number,
  { least = 0, whole = true }: { readonly least?: number; readonly whole?: boolean } = {},
): number {
  const value = given === undefined ? fallback : Number(given)
  if ((whole ? Number.isSafeInteger(value) : Number.isFinite(value)) && value >= least && given !== '')
    return value
  throw new MobileOneError(
    'invalid-argument',
    `--${option} takes a ${whole ? 'whole ' : ''}number of at least ${least}, not "${given}"`,
  )
}
