/** A page that works with one backend, as the program says. */
import { ort } from '@mobileone/backend-ort'
import { tfjs } from '@mobileone/backend-tfjs'
import { wasm } from '@mobileone/backend-wasm'
import { webgpu } from '@mobileone/backend-webgpu'
import type { Backend } from '@mobileone/core'
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import { type Order, type Outcome, startWork, type Work } from './work.ts'

const backends: Readonly<Record<string, () => Promise<Backend>>> = {
  wasm: async () => wasm(),
  'wasm-threads': async () => wasm({ threads: 2 }),
  webgpu: async () => webgpu(),
  async tfjs() {
    setWasmPaths('/tfjs/')
    return tfjs({ lib: () => import('@tensorflow/tfjs-core'), backend: 'wasm' })
  },
  'ort-web': async () =>
    ort({
      lib: () => import('onnxruntime-web/wasm'),
      executionProviders: ['wasm'],
      numThreads: 1,
      wasmPaths: new URL('/ort/', location.href).href,
    }),
}

let work: Work | undefined

/** What the program calls. */
export interface SoakPage {
  open(backend: string): Promise<void>
  run(order: Order): Promise<Outcome>
}

const soak: SoakPage = {
  async open(backend) {
    work = await startWork(await (backends[backend] as () => Promise<Backend>)())
  },
  run: ({ phase, from, count }) => (work as Work).run(phase, from, count),
}
Object.assign(globalThis, { soak })
