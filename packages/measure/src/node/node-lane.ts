import type { Lane } from '../benchmark.ts'
import type { ContenderTraits } from '../contender.ts'
import type { SubjectFiles } from './files.ts'
import { openNodeHost } from './node-host.ts'

/** A contender to measure in a Node process of its own. */
export interface NodeLaneOptions extends ContenderTraits {
  /** Its name in reports. */
  readonly contender: string
  /** URL of the module that exports its `create`. */
  readonly module: string
  readonly threads: number
  readonly files: SubjectFiles
  /** Where the contender finds its own files: a URL or a folder, ending in a slash. */
  readonly assets?: string
  /** Why it cannot run here; then it is not opened. */
  readonly refusal?: string | undefined
  /** The Node to run it; default this one. */
  readonly execPath?: string
}

/** A contender in Node processes of its own, one for each start. */
export function nodeLane(options: NodeLaneOptions): Lane {
  const { contender, module, threads, files, format, layout, assets = '', refusal, execPath } = options
  return {
    contender,
    runtime: 'node',
    threads,
    refusal,
    open: (subject) => {
      const job = {
        contender: module,
        threads,
        assets,
        modelFile: files.model(subject, format),
        format,
        inputFile: files.input(subject),
        inputShape: subject.input.shape,
        layout,
      }
      return openNodeHost(job, execPath)
    },
  }
}
