import { tokenExceptions } from '@mobileone/conformance'
import { describeBackend } from '@mobileone/conformance/vitest'
import { describe } from 'vitest'
import { webgpu } from '../src/index.ts'
import { gpu } from './gpu.ts'

const device = await (await gpu?.requestAdapter())?.requestDevice()
let bytes = 0
if (device) {
  // The kernels a GPU is given, which a software adapter is slow to compile: hence fewer shapes. Chromium runs the suite on all of
  // them with the kernels of a software adapter.
  Object.defineProperty(device, 'adapterInfo', { value: { vendor: 'test' } })
  const create = device.createBuffer.bind(device)
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor)
    const destroy = buffer.destroy.bind(buffer)
    bytes += buffer.size
    buffer.destroy = () => {
      bytes -= buffer.size
      destroy()
    }
    return buffer
  }
}
const memory = { measure: () => bytes, allowance: 0, cycles: 10 }

/** The cases of which the shaders take the software adapter seconds, but for one network. */
const long =
  'linear after flatten|int8 form: (MobileOne|behind)|network: (?!MobileOne, deploy)|abort: between|compile: refuses|dispose: during|executor: says|run: outputs|a feature pyramid|one weight read by two'
export const longCases = new RegExp(`^(${long})`)
export const otherCases = new RegExp(`^(?!${long})`)

/** The suite on a device in Node, of cases with such names. */
export function describeConformanceInNode(only: RegExp): void {
  describe.skipIf(!device)('in Node', () => {
    describeBackend('webgpu', () => webgpu({ device: device! }), {
      memory,
      exceptions: tokenExceptions('not written yet'),
      trials: 2,
      timeout: 300_000,
      only,
    })
  })
}
