import { conformance } from '@mobileone/conformance'
import { describe, it } from 'vitest'
import { webgpu } from '../src/index.ts'
import { gpu } from './gpu.ts'

describe.skipIf(!gpu)('webgpu in Node', () => {
  for (const c of conformance(() => webgpu({ gpu: gpu! }))) (c.skip ? it.skip : it)(c.name, c.run)
})
