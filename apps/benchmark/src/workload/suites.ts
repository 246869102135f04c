import { queryOf } from '../site/state/query.ts'
import { type WorkloadOptions, workloadOptions, workloadParameters } from './options.ts'

/** A suite of the runner's `config` file that is a page of its own. */
export interface RemoteSuite {
  readonly name: string
  readonly url: string
  readonly tags: readonly string[]
  readonly type: 'remote'
  /** The suite of that page. */
  readonly config: { readonly name: string }
}

/** The suite that every page of the workload answers to. */
export const suiteName = 'default'

interface Row {
  readonly title: string
  readonly options: Partial<WorkloadOptions>
  /** Besides the backend's name and `mobileone`. */
  readonly tags: readonly string[]
}

const classification = 'image-classification'

const rows: readonly Row[] = [
  {
    title: 'S0-Image-Classification',
    options: { network: 's0', threads: 1 },
    tags: ['default', classification],
  },
  {
    title: 'S1-Image-Classification',
    options: { network: 's1', threads: 1 },
    tags: ['default', classification],
  },
  {
    title: 'S0-Twenty-Images',
    options: { network: 's0', threads: 1, runs: 20 },
    tags: [classification, 'steady'],
  },
  { title: 'S0-Start', options: { network: 's0', threads: 1, measure: 'start' }, tags: ['start'] },
]

const threaded: Row = {
  title: 'S0-Image-Classification-threads',
  options: { network: 's0' },
  tags: [classification, 'threads'],
}

/** The suites of this workload, with `base` before the address of each page: '' or a folder or an origin, ending in a slash. */
export function remoteSuites(base: string): RemoteSuite[] {
  const suite = ({ title, options, tags }: Row, backend: WorkloadOptions['backend']): RemoteSuite => {
    const chosen = { ...workloadOptions(''), ...options, backend }
    const values = { ...chosen, threads: backend === 'wasm' ? chosen.threads : undefined }
    const [main = classification, ...others] = tags
    return {
      name: `MobileOne-${title}-${backend}`,
      url: `${base}workload.html${queryOf(workloadParameters, values)}`,
      tags: [main, ...others, backend, 'mobileone'],
      type: 'remote',
      config: { name: suiteName },
    }
  }
  return [...rows.flatMap((row) => [suite(row, 'wasm'), suite(row, 'webgpu')]), suite(threaded, 'wasm')]
}

/** The file that the runner takes as `?config=`; addresses that begin with no origin are within the runner's own site. */
export function suitesJson(base: string): string {
  return `${JSON.stringify({ suites: remoteSuites(base) }, undefined, 2)}\n`
}
