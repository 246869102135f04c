import { proxy } from 'comlink'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Experiment, Timing } from '../../workers/explain-worker.ts'
import { explainWorker } from './explain-worker-client.ts'

/** How far a measurement is. */
export interface Measurement {
  readonly state: 'idle' | 'running' | 'done' | 'failed'
  /** Of 1, while it runs. */
  readonly fraction: number
  readonly timings: readonly Timing[]
  readonly error: string | undefined
  readonly start: () => void
}

/** What has been measured on this page stays while it is open. */
const kept = new Map<Experiment, readonly Timing[]>()

/** One experiment, measured when `start` is called. */
export function useMeasurement(experiment: Experiment): Measurement {
  const before = kept.get(experiment)
  const [timings, setTimings] = useState<readonly Timing[]>(before ?? [])
  const [state, setState] = useState<Measurement['state']>(before ? 'done' : 'idle')
  const [fraction, setFraction] = useState(0)
  const [error, setError] = useState<string>()
  const mounted = useRef(true)
  useEffect(() => {
    mounted.current = true
    return () => {
      mounted.current = false
    }
  }, [])
  const start = async (): Promise<void> => {
    setState('running')
    setFraction(0)
    setError(undefined)
    const onProgress = proxy((done: number) => mounted.current && setFraction(done))
    try {
      const measured = await explainWorker().measure(experiment, onProgress)
      kept.set(experiment, measured)
      setTimings(measured)
      setState('done')
    } catch (cause) {
      setError((cause as Error).message)
      setState('failed')
    }
  }
  return { state, fraction, timings, error, start }
}
