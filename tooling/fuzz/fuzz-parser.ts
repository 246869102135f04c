import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { mutate } from '../../packages/checkpoint/test/support/mutate.ts'
import { random } from '../../packages/core/src/index.ts'
import { judge, type Verdict } from './judge.ts'
import { type FuzzedParser, pick } from './parser.ts'

/** What became of the inputs of one parser. */
export interface Tally {
  inputs: number
  readonly outcomes: Record<string, number>
  worstCpuMs: number
  worstMemory: number
  readonly faults: { readonly input: string; readonly fault: string }[]
}

export function emptyTally(): Tally {
  return { inputs: 0, outcomes: {}, worstCpuMs: 0, worstMemory: 0, faults: [] }
}

/** Input number `index` of a seed: the same bytes for the same parser everywhere. Two of five are constructed. */
export function makeInput(parser: FuzzedParser, seed: number, index: number): Uint8Array {
  const source = random(Math.imul(seed, 0x9e3779b1) + index)
  if (source.next() < 0.4) return parser.construct(source)
  return mutate({ name: parser.name, bytes: pick(source, parser.samples), structure: [] }, source)
}

/** The inputs kept in `corpus/<parser>`: hostile files that were once too much, and what is like them. */
export function corpusOf(name: string): [file: string, bytes: Uint8Array][] {
  const folder = join(process.cwd(), 'tooling/fuzz/corpus', name)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .sort()
    .map((file) => [`corpus/${name}/${file}`, new Uint8Array(readFileSync(join(folder, file)))])
}

/** Judge one input and count it. */
export async function count(
  tally: Tally,
  parser: FuzzedParser,
  input: string,
  bytes: Uint8Array,
): Promise<Verdict> {
  const verdict = await judge(parser, bytes)
  tally.inputs++
  tally.outcomes[verdict.outcome] = (tally.outcomes[verdict.outcome] ?? 0) + 1
  tally.worstCpuMs = Math.max(tally.worstCpuMs, verdict.cpuMs)
  tally.worstMemory = Math.max(tally.worstMemory, verdict.memory)
  if (verdict.fault !== undefined) tally.faults.push({ input, fault: verdict.fault })
  return verdict
}
