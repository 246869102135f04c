import { chromiumLane, type Lane, nodeLane } from './lane.ts'

export const runtimes = ['node', 'chromium'] as const
export type Runtime = (typeof runtimes)[number]

/** Every backend, what it is, and where it runs. */
export const backends: Readonly<
  Record<string, { readonly about: string; readonly runtimes: readonly Runtime[] }>
> = {
  wasm: { about: 'our kernels, one thread', runtimes },
  'wasm-threads': { about: 'our kernels, two threads', runtimes },
  webgpu: { about: "our kernels on Chromium's software adapter", runtimes: ['chromium'] },
  tfjs: { about: 'TensorFlow.js on its wasm backend', runtimes },
  'ort-node': { about: 'onnxruntime-node, cpu', runtimes: ['node'] },
  'ort-web': { about: 'onnxruntime-web, wasm', runtimes },
  reference: { about: 'naive loops', runtimes: ['node'] },
}

/** A backend in a place. */
export interface Subject {
  readonly backend: string
  readonly runtime: Runtime
}

/** `names` of the backends in `places`, in the order of the table. */
export function subjectsOf(names: readonly string[], places: readonly Runtime[]): Subject[] {
  return Object.entries(backends)
    .filter(([backend]) => names.includes(backend))
    .flatMap(([backend, row]) =>
      row.runtimes.filter((runtime) => places.includes(runtime)).map((runtime) => ({ backend, runtime })),
    )
}

export const lanes: Readonly<Record<Runtime, (backend: string) => Promise<Lane>>> = {
  node: nodeLane,
  chromium: chromiumLane,
}
