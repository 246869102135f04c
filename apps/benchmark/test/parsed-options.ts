import { parseOptions } from '../src/options.ts'

/** What the arguments ask for; fails where that is the help. */
export function options(...args: string[]): NonNullable<ReturnType<typeof parseOptions>> {
  const parsed = parseOptions(args)
  if (!parsed) throw new Error('the options ask for the help')
  return parsed
}
