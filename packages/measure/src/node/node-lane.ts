import type { Lane } from '../benchmark.ts'
import { type ContenderTraits, statedPrecision } from '../contender.ts'
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
  readonly tolerance?: number | undefined
  /** See {@link Lane}. */
  readonly subject?: Lane['subject']
  /** See {@link Lane}. Default: int8 of a model with layers in integers where the contender computes `integers`, else float32. */
  readonly precision?: Lane['precision']
}

/** A contender in Node processes of its own, one for each start. */
export function nodeLane(options: NodeLaneOptions): Lane {
  const { contender, module, threads, files, format, layout, assets = '', refusal, execPath } = options
  const { tolerance, subject, precision = statedPrecision(options) } = options
  return {
    contender,
    runtime: 'node',
    threads,
    refusal,
    tolerance,
    ...(subject && { subject }),
    precision,
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
        photographFiles: files.photographs(subject),
      }
      return openNodeHost(job, execPath)
    },
  }
}
