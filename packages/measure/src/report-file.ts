/** Reports as files: what the JSON holds, by version, and how one from anywhere is read. */
import { MobileOneError } from '@mobileone/core'
import * as v from 'valibot'
import type { Report } from './result.ts'

/** The version that {@link reportJson} writes. Documents without one are of version 1, from before it was written. */
export const reportVersion = 2

/** Characters of a document, entries of a list, characters of a text. */
const limits = { document: 64_000_000, results: 10_000, samples: 1_000_000, text: 4096 } as const

const text = v.pipe(v.string(), v.maxLength(limits.text))
const finite = v.pipe(v.number(), v.finite())
const positive = v.pipe(finite, v.minValue(0))
const whole = v.pipe(positive, v.integer())
const samples = v.pipe(v.array(positive), v.maxLength(limits.samples))
const some = v.nullable(positive)
const named = { contender: text, variant: text, runtime: text, threads: whole }
const many = <Entry extends v.GenericSchema>(entry: Entry) =>
  v.pipe(v.array(entry), v.maxLength(limits.results))

const gpu = v.object({
  adapter: v.object({ name: text, software: v.boolean() }),
  dispatches: positive,
  submits: positive,
  buffers: positive,
  uploadedBytes: positive,
  readBytes: positive,
  bufferBytes: positive,
  runs: whole,
})

const result = v.object({
  ...named,
  loadMs: positive,
  compileMs: positive,
  firstMs: positive,
  startMs: positive,
  medianMs: some,
  p95Ms: some,
  minMs: some,
  meanMs: some,
  lowMs: some,
  highMs: some,
  gflops: some,
  peakShare: some,
  memoryBytes: some,
  memoryKind: text,
  wireBytes: some,
  wireGzipBytes: some,
  weightBytes: positive,
  maxAbsError: positive,
  maxRelError: positive,
  macs: positive,
  steps: v.exactOptional(whole),
  precision: v.exactOptional(v.picklist(['float32', 'float16', 'int8'])),
  accuracy: v.exactOptional(v.object({ photographs: whole, right: whole })),
  gpu: v.exactOptional(gpu),
  incomplete: v.exactOptional(text),
  samples,
  starts: many(v.object({ loadMs: positive, compileMs: positive, firstMs: positive })),
})

const report = v.object({
  date: v.pipe(text, v.isoTimestamp()),
  machine: v.object({
    cpu: text,
    cores: whole,
    memoryBytes: positive,
    platform: text,
    load: v.exactOptional(v.object({ before: samples, after: samples })),
  }),
  versions: v.record(text, text),
  protocol: v.object({
    name: v.picklist(['default', 'modelbench', 'paper']),
    what: text,
    headline: v.picklist(['medianMs', 'meanMs', 'minMs']),
    rounds: whole,
    runsPerTurn: whole,
    settle: whole,
    recreate: v.boolean(),
    trim: whole,
    starts: whole,
  }),
  peakGflops: positive,
  peaks: many(v.object({ runtime: text, threads: whole, gflops: positive, instruction: text, samples })),
  results: many(result),
  skipped: many(v.object({ ...named, reason: text })),
})

/** The report as a JSON document that {@link parseReport} reads. */
export function reportJson(given: Report): string {
  return `${JSON.stringify({ reportVersion, ...given }, undefined, 1)}\n`
}

/**
 * Read what {@link reportJson} wrote, here or elsewhere, in this version or an earlier one. What it does not know is left out.
 * @throws MobileOneError `invalid-file` for what is no report, naming the place, for a later version, and for one beyond the limits: 64
 * million characters, 10,000 results, a million samples in a list.
 */
export function parseReport(json: string): Report {
  const fail = (why: string, cause?: unknown): never => {
    throw new MobileOneError('invalid-file', `this is no benchmark report: ${why}`, { cause })
  }
  if (json.length > limits.document) fail(`${json.length} characters, more than ${limits.document}`)
  let document: unknown
  try {
    document = JSON.parse(json)
  } catch (cause) {
    fail('it is not JSON', cause)
  }
  const { reportVersion: version = 1 } = (document ?? {}) as { reportVersion?: unknown }
  if (version !== 1 && version !== reportVersion) {
    fail(`its version is ${JSON.stringify(version)?.slice(0, 20)}, this program reads up to ${reportVersion}`)
  }
  const parsed = v.safeParse(report, document, { abortEarly: true })
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  return fail(`${v.getDotPath(issue) ?? 'the document'}: ${issue.message.toLowerCase()}`)
}
