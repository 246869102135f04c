/** What a fault is, and how it is tried: not responsible for any of them. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ErrorCode, isMobileOneError } from '@mobileone/core'

/** Where it strikes. */
export const areas = ['network', 'disk', 'killed', 'workers', 'gpu', 'memory'] as const
export type Area = (typeof areas)[number]

/** A fault: what is done to the program, and what must hold all the same. */
export interface Fault {
  readonly area: Area
  /** Unique, for `--only`. */
  readonly name: string
  readonly injected: string
  readonly holds: string
  /** Among those of `--quick`. */
  readonly isQuick?: boolean
  /** Why it cannot be tried on this machine. */
  lack?(): string | undefined
  /** Try it. Returns what was seen. @throws Error where it does not hold. */
  run(trial: Trial): Promise<string>
}

/** What a fault has while it is tried. */
export interface Trial {
  /** Its own, empty. */
  readonly folder: string
  /** Of moments that are many: how many of them. */
  readonly moments: number
}

/** How it went. */
export interface FaultResult extends Pick<Fault, 'area' | 'name' | 'injected' | 'holds'> {
  readonly outcome: 'held' | 'failed' | 'skipped'
  /** What was seen, why it failed, or why it was skipped. */
  readonly seen: string
  readonly seconds: number
}

/** Milliseconds after which a fault counts as one that hangs. */
const limit = 1_200_000

/** Try `fault` in a folder of its own. Never throws. */
export async function tryFault(fault: Fault, moments: number): Promise<FaultResult> {
  const { area, name, injected, holds } = fault
  const started = performance.now()
  let folder: string | undefined
  const result = (outcome: FaultResult['outcome'], seen: string): FaultResult => ({
    area,
    name,
    injected,
    holds,
    outcome,
    seen: folder === undefined ? seen : seen.replaceAll(`${folder}/`, ''),
    seconds: (performance.now() - started) / 1000,
  })
  const lack = fault.lack?.()
  if (lack !== undefined) return result('skipped', lack)
  const own = await mkdtemp(join(tmpdir(), 'mobileone-fault-'))
  folder = own
  let timer: NodeJS.Timeout | undefined
  try {
    const hung = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no end within ${limit / 1000} s`)), limit)
    })
    return result('held', await Promise.race([fault.run({ folder: own, moments }), hung]))
  } catch (error) {
    const code = isMobileOneError(error) ? `${error.code}: ` : ''
    return result('failed', `${code}${(error as Error).message}`)
  } finally {
    clearTimeout(timer)
    await rm(own, { recursive: true, force: true })
  }
}

/** @throws Error unless `condition`. */
export function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what)
}

/** The code of the error that `call` ends with; `done` where it ends well. @throws the error where it is no typed one. */
export async function codeOf(call: Promise<unknown>): Promise<ErrorCode | 'done'> {
  try {
    await call
    return 'done'
  } catch (error) {
    if (isMobileOneError(error)) return error.code
    throw error
  }
}

/** Every file below `folder`, relative to it, sorted. */
export async function filesIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return found
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name).slice(folder.length + 1))
    .sort()
}

/** The bytes of a file; undefined where there is none. */
export const bytesOf = (path: string): Promise<Uint8Array | undefined> =>
  readFile(path).catch(() => undefined)

/** Whether both are there and equal, or both are not there. */
export function sameBytes(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return Buffer.compare(one, other) === 0
}
