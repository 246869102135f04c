/** A report's figures, without its samples, as text short enough for the part of an address after `#`. */
import { MobileOneError } from '@mobileone/core'
import * as v from 'valibot'
import type { Report } from './result.ts'

/** What a link holds of a report. */
export interface SharedSummary {
  readonly date: string
  readonly machine: { readonly cpu: string; readonly cores: number; readonly platform: string }
  readonly versions: Readonly<Record<string, string>>
  readonly protocol: string
  readonly results: readonly SharedResult[]
}

/** Of one contender; milliseconds. `ms` is the headline figure of the protocol, null where only starts were measured. */
export interface SharedResult {
  readonly contender: string
  readonly variant: string
  readonly runtime: string
  readonly threads: number
  readonly ms: number | null
  readonly loadMs: number
  readonly compileMs: number
  readonly firstMs: number
}

/** Characters of a link, bytes of what it holds, results of a summary. */
const limits = { text: 100_000, bytes: 1_000_000, results: 1000 } as const

const text = v.pipe(v.string(), v.maxLength(1000))
const ms = v.pipe(v.number(), v.finite(), v.minValue(0))
const whole = v.pipe(ms, v.integer())
const row = v.strictTuple([text, text, text, whole, v.nullable(ms), ms, ms, ms])
const document = v.strictTuple([
  v.literal(1),
  text,
  v.strictTuple([text, whole, text]),
  v.record(text, text),
  text,
  v.pipe(v.array(row), v.maxLength(limits.results)),
])

/** The figures of `report` that a link carries. */
export function summaryOf({ date, machine, versions, protocol, results }: Report): SharedSummary {
  return {
    date,
    machine: { cpu: machine.cpu, cores: machine.cores, platform: machine.platform },
    versions,
    protocol: protocol.name,
    results: results.map(({ contender, variant, runtime, threads, loadMs, compileMs, firstMs, ...rest }) => ({
      contender,
      variant,
      runtime,
      threads,
      ms: rest[protocol.headline],
      loadMs,
      compileMs,
      firstMs,
    })),
  }
}

/** Letters, digits, `-` and `_` that {@link summaryFromText} reads: deflated JSON in base64url. Times keep four digits. */
export async function summaryToText(summary: SharedSummary): Promise<string> {
  const { date, machine, versions, protocol, results } = summary
  const short = (value: number): number => Number(value.toPrecision(4))
  const rows = results.map((one) => [
    ...[one.contender, one.variant, one.runtime, one.threads],
    one.ms === null ? null : short(one.ms),
    ...[one.loadMs, one.compileMs, one.firstMs].map(short),
  ])
  const json = JSON.stringify([
    1,
    date,
    [machine.cpu, machine.cores, machine.platform],
    versions,
    protocol,
    rows,
  ])
  const deflated = new Blob([json]).stream().pipeThrough(new CompressionStream('deflate-raw'))
  const bytes = new Uint8Array(await new Response(deflated).arrayBuffer())
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/**
 * What {@link summaryToText} made.
 * @throws MobileOneError `invalid-file` for any other text, and for one that unpacks to more than a megabyte.
 */
export async function summaryFromText(shared: string): Promise<SharedSummary> {
  const parsed = v.safeParse(document, await unpack(shared))
  if (!parsed.success) throw damaged()
  const [, date, [cpu, cores, platform], versions, protocol, rows] = parsed.output
  return {
    date,
    machine: { cpu, cores, platform },
    versions,
    protocol,
    results: rows.map(([contender, variant, runtime, threads, time, loadMs, compileMs, firstMs]) => ({
      contender,
      variant,
      runtime,
      threads,
      ms: time,
      loadMs,
      compileMs,
      firstMs,
    })),
  }
}

async function unpack(shared: string): Promise<unknown> {
  if (shared.length > limits.text || !/^[\w-]+$/.test(shared)) throw damaged()
  try {
    const binary = atob(shared.replaceAll('-', '+').replaceAll('_', '/'))
    const packed = Uint8Array.from(binary, (character) => character.charCodeAt(0))
    const inflated = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw'))
    const parts: Uint8Array[] = []
    let size = 0
    for await (const part of inflated as unknown as AsyncIterable<Uint8Array>) {
      size += part.length
      if (size > limits.bytes) throw damaged()
      parts.push(part)
    }
    return JSON.parse(await new Blob(parts as Uint8Array<ArrayBuffer>[]).text())
  } catch (cause) {
    throw damaged(cause)
  }
}

function damaged(cause?: unknown): MobileOneError {
  return new MobileOneError(
    'invalid-file',
    'this link holds no benchmark summary: it was cut off or made by something else; ask for it again',
    { cause },
  )
}
