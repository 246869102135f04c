import { oneOf, optionalWhole, type Parameter, valuesOf, whole } from '../site/state/query.ts'
import { networkNames, type WorkloadNetwork } from './networks.ts'

/** What the page of the workload measures, as its address states it. */
export interface WorkloadOptions {
  readonly network: WorkloadNetwork
  readonly backend: 'wasm' | 'webgpu'
  /** Of WebAssembly. Undefined: as many of one and up to four as are faster, which the backend finds out. */
  readonly threads: number | undefined
  /** `run`: pictures, with the model ready before. `start`: make the model ready, then the first picture. */
  readonly measure: 'run' | 'start'
  /** Pictures, one after the other, each a step. */
  readonly runs: number
}

export const backendNames: readonly WorkloadOptions['backend'][] = ['wasm', 'webgpu']
export const mostRuns = 1000

type ParametersOf<Values> = { readonly [Name in keyof Values]: Parameter<Values[Name]> }

/** How the options stand in the address. */
export const workloadParameters: ParametersOf<WorkloadOptions> = {
  network: oneOf(networkNames, 's0'),
  backend: oneOf(backendNames, 'wasm'),
  threads: optionalWhole(1, 64),
  measure: oneOf(['run', 'start'], 'run'),
  runs: whole(1, mostRuns, 1),
}

/**
 * The query of a page that the runner opened. It appends `?` and its own parameters to the address of a suite, also where that has a
 * query: `?network=s1?iterationCount=3`.
 */
export function readableQuery(search: string): string {
  return search.replace(/^\?/, '').replaceAll('?', '&')
}

/** @returns what the query states; what is absent or makes no sense is the default. */
export function workloadOptions(search: string): WorkloadOptions {
  return valuesOf(workloadParameters, readableQuery(search))
}

/** The runner's own parameters that a suite has to honour. */
export interface RunnerParameters {
  /** Milliseconds of rest before each step. */
  readonly waitBeforeSync: number
  /** Milliseconds of a busy loop before each step. */
  readonly warmupBeforeSync: number
}

const runnerParameters: ParametersOf<RunnerParameters> = {
  waitBeforeSync: whole(0, 600_000, 0),
  warmupBeforeSync: whole(0, 600_000, 0),
}

/** @returns what the runner states in the query. */
export function runnerOptions(search: string): RunnerParameters {
  return valuesOf(runnerParameters, readableQuery(search))
}
