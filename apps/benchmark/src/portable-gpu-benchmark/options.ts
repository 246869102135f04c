import { parseArgs } from 'node:util'
import { MobileOneError } from '@mobileone/core'

export interface Options {
  readonly json: string | undefined
  /** Undefined: as many as take a few seconds. */
  readonly runs: number | undefined
  /** Inferences submitted back to back. */
  readonly batch: number | undefined
  readonly precision: 'f32' | 'f16-storage'
  /** Options of Dawn. */
  readonly dawn: readonly string[]
}

export const help = `node bench.mjs [options]

Measures MobileOne on the GPU of this machine, in Node, through Dawn. Needs nothing but this folder and a driver.

  --json <file>         Write every figure and every sample there
  --runs <n>            Runs of each kind (default: as many as take five seconds, at most 500)
  --batch <n>           Inferences submitted back to back (default 32; 4 where one takes 50 ms)
  --precision <name>    f32 (default), or f16-storage: weights and feature maps in float16, sums in float32
  --dawn <option>       Passed on to Dawn, as in adapter=NVIDIA, backend=vulkan; may be repeated
`

/** @throws MobileOneError `invalid-argument`. Undefined asks for the help. */
export function parseOptions(args: readonly string[]): Options | undefined {
  let values: ReturnType<typeof parse>
  try {
    values = parse(args)
  } catch (error) {
    throw fail((error as Error).message.split('. ')[0] ?? '')
  }
  if (values.help) return undefined
  const precision = values.precision ?? 'f32'
  if (precision !== 'f32' && precision !== 'f16-storage') {
    throw fail(`--precision takes f32 and f16-storage; there is no "${precision}"`)
  }
  return {
    json: values.json,
    runs: whole('runs', values.runs),
    batch: whole('batch', values.batch),
    precision,
    dawn: values.dawn ?? [],
  }
}

const specs = {
  json: { type: 'string' },
  runs: { type: 'string' },
  batch: { type: 'string' },
  precision: { type: 'string' },
  dawn: { type: 'string', multiple: true },
  help: { type: 'boolean', short: 'h' },
} as const

function parse(args: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof specs }>>['values'] {
  return parseArgs({ args: [...args], options: specs }).values
}

function whole(option: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined
  const number = Number(given)
  if (!Number.isSafeInteger(number) || number < 1) {
    throw fail(`--${option} takes whole numbers of at least 1; got "${given}"`)
  }
  return number
}

function fail(message: string): MobileOneError {
  return new MobileOneError('invalid-argument', `${message} (node bench.mjs --help tells more)`)
}
