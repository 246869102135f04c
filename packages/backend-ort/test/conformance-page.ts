import { conformance, runCases } from '@mobileone/conformance'
import { ort } from '../src/index.ts'
import { exceptions } from './exceptions.ts'

const create = () =>
  ort({
    lib: () => import('onnxruntime-web/wasm'),
    executionProviders: ['wasm'],
    numThreads: 1,
    wasmPaths: new URL('/ort/', location.href).href,
  })

Object.assign(globalThis, { suites: { wasm: () => runCases(conformance(create, { exceptions })) } })
