import { wasm } from '@mobileone/backend-wasm'
import wasmWorker from '@mobileone/backend-wasm/worker?worker&url'
import { serveClassifier } from '@mobileone/sdk/serve'

if (self.name === 'probe') void import('./probe-backends.ts').then(({ tellBackends }) => tellBackends())
else {
  // The threads of the wasm backend come from a file of the page, because the policy forbids workers from blobs.
  serveClassifier({
    backends: { wasm: (options) => wasm({ ...options, worker: new URL(wasmWorker, location.href).href }) },
  })
}
