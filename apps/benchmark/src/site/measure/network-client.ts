/** The worker that makes networks, as the page uses it. */
import { MobileOneError, tensor } from '@mobileone/core'
import type { ModelFormat, Subject, SubjectFacts } from '@mobileone/measure'
import { type Remote, wrap } from 'comlink'
import '@mobileone/site-kit/comlink-errors'
import type { NetworkMaker } from './network-worker.ts'
import type { NetworkForm, NetworkRequest, PreparedNetwork } from './prepared-network.ts'

/** A subject whose model has no weights: they are in its files, which have addresses. */
export interface SiteSubject extends Subject {
  /** The address of the model's file; each is made when first asked for. */
  modelFile(format: ModelFormat): Promise<string>
  readonly inputFile: string
  readonly int8?: SiteSubject
  /** The addresses lead nowhere from now on. */
  revoke(): void
}

let running: { readonly worker: Worker; readonly maker: Remote<NetworkMaker> } | undefined

function maker(): { readonly worker: Worker; readonly maker: Remote<NetworkMaker> } {
  if (!running) {
    const worker = new Worker(new URL('./network-worker.ts', import.meta.url), { type: 'module' })
    running = { worker, maker: wrap<NetworkMaker>(worker) }
  }
  return running
}

/** The worker ends, and what it was doing. */
function stopMaker(): void {
  running?.worker.terminate()
  running = undefined
}

/**
 * Read a network and tell what it is; nothing is computed and nothing kept. Not while one is made.
 * @throws MobileOneError what making it throws, `unsupported` for one that has not one input and one output.
 */
export function checkNetwork(request: NetworkRequest): Promise<SubjectFacts> {
  return inWorker((remote) => remote.check(request))
}

/**
 * Make a network and what the reference makes of one input, which takes seconds. One at a time.
 * @throws MobileOneError `aborted`, and what making it throws.
 */
export async function makeSubject(request: NetworkRequest, signal?: AbortSignal): Promise<SiteSubject> {
  const prepared = await inWorker((remote) => remote.prepare(request), signal)
  const { maker: remote } = maker()
  const { int8 } = prepared
  return {
    ...(await subjectOf(prepared, 'float32', remote)),
    ...(int8 && { int8: await subjectOf(int8, 'int8', remote) }),
  }
}

async function subjectOf(
  prepared: PreparedNetwork,
  form: NetworkForm,
  remote: Remote<NetworkMaker>,
): Promise<SiteSubject> {
  const input = new Float32Array(await prepared.input.arrayBuffer())
  const addresses = new Map<string, Promise<string>>()
  const inputFile = URL.createObjectURL(prepared.input)
  return {
    variant: prepared.variant,
    model: prepared.graph,
    input: tensor(prepared.inputShape, input),
    expected: prepared.expected,
    ...(prepared.expectedInFloat32 && { expectedInFloat32: prepared.expectedInFloat32 }),
    macs: prepared.macs,
    weightBytes: prepared.weightBytes,
    inputFile,
    modelFile(format) {
      const found =
        addresses.get(format) ??
        Promise.resolve(remote.file(format, form)).then((blob) => URL.createObjectURL(blob))
      addresses.set(format, found)
      return found
    },
    revoke() {
      URL.revokeObjectURL(inputFile)
      for (const address of addresses.values()) address.then(URL.revokeObjectURL, () => {})
    },
  }
}

/** What `work` gives, or why the worker ended. */
async function inWorker<T>(
  work: (remote: Remote<NetworkMaker>) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const { worker, maker: remote } = maker()
  let stop = (): void => {}
  const ended = new Promise<never>((_, reject) => {
    stop = () => {
      stopMaker()
      reject(new MobileOneError('aborted', 'the benchmark was aborted'))
    }
    worker.onerror = (event) => {
      event.preventDefault()
      stopMaker()
      const why = event.message || 'out of memory, or its code could not be loaded'
      reject(new MobileOneError('unavailable', `the worker that makes networks has ended: ${why}`))
    }
    if (signal?.aborted) stop()
    signal?.addEventListener('abort', stop)
  })
  try {
    return await Promise.race([work(remote), ended])
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}
