/**
 * The page's side of the protocol of `remote` suites, of Speedometer's runner and of those that descend from it, such as that of
 * webai-compute-benchmark: the page tells `app-ready`, the runner asks for a suite by name, the page tells each step that is done
 * (`step-complete`), and the times of all (`suite-complete`).
 */
import { measureStep, type Step, type StepResult } from './measure-step.ts'
import type { RunnerParameters } from './options.ts'

/** The times of a suite, in milliseconds. */
export interface SuiteResult {
  readonly steps: Readonly<Record<string, StepResult>>
  readonly prepare: number
  readonly total: number
}

/** What the page can be asked for. */
export interface Suite {
  /** Makes the steps; what it costs is not measured. Rejects with the reason why there can be none. */
  readonly steps: () => Promise<readonly Step[]>
  /** After the last step. Rejects where what the steps gave is wrong. */
  readonly check?: () => Promise<void>
}

export interface RunnerOptions {
  /** Name and version together are the id by which runner and page know each other. */
  readonly name: string
  readonly version: string
  readonly suites: Readonly<Record<string, Suite>>
  readonly parameters: RunnerParameters
  /** Default: the page that shows this one in a frame, or this one itself. */
  readonly runner?: Window
  readonly onStep?: (done: number, total: number) => void
  readonly onResult?: (result: SuiteResult) => void
  readonly onError?: (error: Error) => void
}

interface Request {
  readonly id: string
  readonly key: string
  readonly type: string
  readonly name: string
}

/**
 * Tell the runner that this page is ready, and answer its first request, once. What fails is told as a `suite-complete` without times, on
 * which the runner stops with an error: the protocol has no message for it, and with none the runner would wait for ever.
 */
export function answerRunner(options: RunnerOptions): void {
  const { name, version, suites, parameters, runner = parent, onStep, onResult, onError } = options
  const appId = `${name}-${version}`
  // Its origin is not known, and nothing said is secret.
  const tell = (message: Readonly<Record<string, unknown>>): void =>
    runner.postMessage({ ...message, appId }, '*')

  const run = async (suiteName: string): Promise<SuiteResult> => {
    const suite = Object.hasOwn(suites, suiteName) ? suites[suiteName] : undefined
    if (!suite) {
      throw new Error(
        `this page has no suite ${JSON.stringify(suiteName)}; it has ${Object.keys(suites).join(', ')}`,
      )
    }
    const steps = await suite.steps()
    const results: Record<string, StepResult> = {}
    performance.mark(`suite-${suiteName}-start`)
    for (const [done, step] of steps.entries()) {
      onStep?.(done, steps.length)
      results[step.name] = await measureStep(suiteName, step, parameters)
      tell({ type: 'step-complete', status: 'success', name, test: step.name })
    }
    performance.mark(`suite-${suiteName}-end`)
    performance.measure(`suite-${suiteName}`, `suite-${suiteName}-start`, `suite-${suiteName}-end`)
    await suite.check?.()
    const total = Object.values(results).reduce((sum, each) => sum + each.total, 0)
    return { steps: results, prepare: 0, total }
  }

  const listen = async ({ source, data }: MessageEvent): Promise<void> => {
    if (source !== runner || !isRequest(data) || data.id !== appId) return
    if (data.key !== 'benchmark-connector' || data.type !== 'benchmark-suite') return
    removeEventListener('message', listen)
    try {
      const result = await run(data.name)
      tell({ type: 'suite-complete', status: 'success', result })
      onResult?.(result)
    } catch (error) {
      tell({ type: 'suite-complete', status: 'error', message: (error as Error).message })
      onError?.(error as Error)
    }
  }
  addEventListener('message', listen)
  tell({ type: 'app-ready', status: 'success' })
}

function isRequest(data: unknown): data is Request {
  return typeof data === 'object' && data !== null && typeof (data as Request).type === 'string'
}
