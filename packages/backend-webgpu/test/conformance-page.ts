import { conformance, runCases } from '@mobileone/conformance'
import { webgpu } from '../src/index.ts'

Object.assign(globalThis, { suites: { webgpu: () => runCases(conformance(() => webgpu())) } })
